import { type ComponentType, lazy } from 'react';

/**
 * A heavy part that comes when it is needed, and a plain one that does its work until then, and where it cannot come at all: the gateway that
 * would send it may be restarting.
 */
export function lazyOr<Props extends object>(load: () => Promise<ComponentType<Props>>, plain: ComponentType<Props>) {
  return lazy(async () => ({ default: await load().catch(() => plain) }));
}
