/** Key pairs of SSH servers and users for tests. */
import ssh2 from 'ssh2';

export interface KeyPair {
  /** OpenSSH's own format. */
  private: string;
  /** `ssh-ed25519 AAAA… comment` */
  public: string;
}

/**
 * ssh2 1.17 drops zero bytes at the front of an ed25519 public key: one pair in 256 is one that neither it nor sshd can
 * read (measured: 74 of 20,000). Those are made anew.
 */
export function makeKey(): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'everbroker-test' });
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}
