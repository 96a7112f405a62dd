import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { bindable, boundTo, type ChannelBinding, unbound } from './channel-binding.ts';
import { cstring, encodeMessage } from './messages.ts';
import { boundScramMechanism, ScramClient, scramMechanism } from './scram.ts';
import type { Settings } from './settings.ts';
import { uint32 } from './startup.ts';
import { TargetRefused } from './upstream.ts';

/** Codes of AuthenticationXXX (chapter 54.7) that are answered. */
const methods = { ok: 0, cleartext: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;

/** Answers the target's requests for authentication, one after the other. */
export class Authentication {
  readonly #settings: Settings;
  readonly #socket: Duplex;
  readonly #endPoint: Buffer | null;
  #scram: ScramClient | null = null;

  /** `endPoint`: what the target's certificate binds to; null where there is none. */
  constructor(settings: Settings, socket: Duplex, endPoint: Buffer | null) {
    this.#settings = settings;
    this.#socket = socket;
    this.#endPoint = endPoint;
  }

  /** Rejects with TargetRefused or ScramFault where the target asks for what it may not have. */
  async answer(body: Buffer): Promise<void> {
    const code = body.readUInt32BE(0);
    const scram = this.#scram;
    if (code === methods.ok) return this.#finish();
    if (code === methods.saslContinue && scram) return this.#send(Buffer.from(await scram.final(body.toString('utf8', 4))));
    if (code === methods.saslFinal && scram) return scram.verify(body.toString('utf8', 4));
    if (code !== methods.cleartext && code !== methods.md5 && code !== methods.sasl)
      throw new TargetRefused(`the target asks for authentication method ${code}, which the gateway does not speak`);
    const secret = this.#settings.credentials.password?.reveal();
    if (secret === undefined) throw new TargetRefused('the target asks for a password and the connection has none');
    if (code === methods.sasl) return this.#beginScram(body, secret);
    this.#mustNotBind();
    const { user } = this.#settings.credentials;
    this.#send(cstring(code === methods.md5 ? md5(user, secret, body.subarray(4, 8)) : secret));
  }

  #finish(): void {
    if (this.#scram?.verified === false)
      throw new TargetRefused('the target broke off SCRAM before it had proved that it knows the password');
    if (!this.#scram?.boundAndVerified) this.#mustNotBind();
  }

  #mustNotBind(): void {
    if (this.#settings.target.channelBinding === 'require')
      throw new TargetRefused('the target does not bind its authentication to the TLS connection, which channelBinding: require demands');
  }

  #beginScram(body: Buffer, secret: string): void {
    const mechanisms = body.toString('utf8', 4).split('\0');
    const binding = this.#bindingFor(mechanisms);
    const scram = new ScramClient(secret, binding);
    if (!mechanisms.includes(scram.mechanism)) throw new TargetRefused(`the target offers no ${scramMechanism}`);
    if (binding.data.length === 0) this.#mustNotBind();
    this.#scram = scram;
    const first = Buffer.from(scram.first());
    this.#send(Buffer.concat([cstring(scram.mechanism), uint32(first.length), first]));
  }

  #bindingFor(mechanisms: readonly string[]): ChannelBinding {
    if (this.#endPoint === null || this.#settings.target.channelBinding === 'off') return unbound;
    return mechanisms.includes(boundScramMechanism) ? boundTo(this.#endPoint) : bindable;
  }

  #send(body: Buffer): void {
    this.#socket.write(encodeMessage('p', body));
  }
}

function md5(user: string, secret: string, salt: Buffer): string {
  const hash = (...parts: readonly (string | Buffer)[]) => parts.reduce((sum, part) => sum.update(part), createHash('md5')).digest('hex');
  return `md5${hash(hash(secret, user), salt)}`;
}
