/**
 * SHA-512 of distributions that Everbroker supports, of the files as Maven served them on 2026-11-25. A download that
 * differs is refused, wherever it came from: a mirror that was tampered with is found even if its own checksum agrees.
 */
const KNOWN_SHA512: Readonly<Record<string, string>> = {
  'org.apache.activemq:apache-activemq:5.15.12:tar.gz:bin':
    '3c6e44bcd53d73ab03063a52244e54d26d39eb38b5c0bba6c34bc639645eb1a2a0004cb309ee3162a013977384157e345cf1c69d93f8c9a1e11fb690680eb24a',
  'org.apache.activemq:apache-activemq:5.15.16:tar.gz:bin':
    '5aaa73047b3f80f1a79984fe1a4b84645bd1d31ae2de3b41b774616d8290e5ff9647a0e38fd4a753e472c56efba42025be67561ac9f652442e7b226aa62236af',
  'org.apache.activemq:apache-activemq:5.16.7:tar.gz:bin':
    'cc0ceeb32d4c2dc22883ed0ffe7ec5bb16fb99963c445cad24b4ea313e3e780510e81ffd5828ce7f5c4e5898b4eba1a7c3c77f0912c52accf2d0e517ba75bdb7',
  'org.apache.activemq:apache-activemq:5.17.6:tar.gz:bin':
    'c34a1179f8a14ab07299b219287b7cc0bbf4e89ac66139f31a12dd8d36c2e2308230a7f6cc8c3f6aa6147ac58b5c6b37c253a9797c5e1665786161f417e96842',
  'org.apache.activemq:apache-activemq:5.18.3:tar.gz:bin':
    '61abc4a08b9e1db6a5b1062bb1c839171e93bcb571817fd81744dd19874d713840bba99c7979d45bcb832d13ea01986b76fb11720f5ec63a0283e7d1934a33cc',
};

/** The recorded SHA-512 of an artefact, if it is one of the supported distributions. */
export const knownSha512 = (coordinates: string): string | undefined => KNOWN_SHA512[coordinates];
