/** Names of PEM files. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
  /** The key and the certificate in one file. */
  readonly both: string;
}

export interface Certificates {
  readonly directory: string;
  readonly authority: string;
  /** Another authority, which signed nothing of these. */
  readonly stranger: string;
  /** Made out to localhost and 127.0.0.1. */
  readonly server: Identity;
  /** Made out to nobody that is a server here. */
  readonly client: Identity;
  remove(): void;
}

/** By openssl, for two days. */
export function makeCertificates(): Certificates;
