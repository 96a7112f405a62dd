/** What a push itself is at fault for. */
export class Flaw extends Error {
  readonly large: boolean;
  constructor(message: string, large = false) {
    super(message);
    this.large = large;
  }
}
