/**
 * Why a client says that it asks: its own account, which nobody has checked. People who are asked read it; it decides nothing, and policy
 * does not see it.
 */
export interface Stated {
  /** Null where it says nothing. */
  readonly text: string | null;
  /** How it is said on this wire, behind "send it anew": `with a comment before it, -- reason: …`. */
  readonly by: string;
}
