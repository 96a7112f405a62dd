/** Whether the focus is at nothing that could be pressed or read: where it falls when what had it goes, or where a page has just begun. */
export function isFocusNowhere(): boolean {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body || activeElement.id === 'page';
}
