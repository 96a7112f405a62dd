import { randomBytes } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import type { LoginSecrets } from './issuer-login.ts';

/** A sign-in that has begun. */
export interface LoginTicket extends LoginSecrets {
  readonly issuer: string;
  /** The path of the console to go back to. */
  readonly back: string;
}

/** How long somebody may take at the issuer. */
export const ticketSeconds = 600;

/**
 * Keeps a sign-in that has begun in the browser that began it, sealed: nobody else can end it there (RFC 6749 section 10.12),
 * and strangers who begin many take up no room here. The key is as old as the process; whoever signs in meanwhile begins anew.
 */
export function createTickets() {
  const key = randomBytes(32);
  return {
    seal: (ticket: LoginTicket): Promise<string> =>
      new EncryptJWT({ ...ticket }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).setExpirationTime(`${ticketSeconds}s`).encrypt(key),
    /** Null where it is none of these, or too old. */
    open: async (sealed: string | undefined): Promise<LoginTicket | null> => {
      if (sealed === undefined) return null;
      const opened = await jwtDecrypt(sealed, key, { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }).catch(
        () => null,
      );
      // Sealed above alone: nobody else has the key.
      return opened === null ? null : (opened.payload as unknown as LoginTicket);
    },
  };
}

export type Tickets = ReturnType<typeof createTickets>;
