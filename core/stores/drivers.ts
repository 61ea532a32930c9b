/**
 * Jars of stores that Everbroker knows, with the checksums of the files as Maven served them on 2026-11-25. All run on
 * Java 8 and later, and so on every Java that is accepted.
 */
export interface Driver {
  /** Name of the jar, on the host and in the cache. */
  file: string;
  /** Maven coordinates: group:artefact:version. */
  coordinates: string;
  sha512: string;
  /** The same file as a host's agent reports it. */
  sha256: string;
}

/** For databases. */
export interface JdbcDriver extends Driver {
  className: string;
}

export const MARIADB_DRIVER: JdbcDriver = {
  file: 'mariadb-java-client-3.4.1.jar',
  coordinates: 'org.mariadb.jdbc:mariadb-java-client:3.4.1',
  className: 'org.mariadb.jdbc.Driver',
  sha512:
    '496e9558023ba0a33e552b00daa7ccbad3fb9e66590cd772c1b801a8a7b8f9b71217d59f3032c6d4ad41ebe0b303f118e9b397549e51ace4079f747910efe7af',
  sha256: 'f60e4b282f1f4bdb74f0a26436ba7078a5e480b6f6702f6a7b45d9ba5e604a24',
};

export const POSTGRESQL_DRIVER: JdbcDriver = {
  file: 'postgresql-42.7.4.jar',
  coordinates: 'org.postgresql:postgresql:42.7.4',
  className: 'org.postgresql.Driver',
  sha512:
    '1e7ce2040145a8b2e48e6c33fb6954aabf1afa21b1bad9f39465ad508570f22424e31a897f46eb92b28b99ade89d5068214dd400dd473f440d694520e06da796',
  sha256: '188976721ead8e8627eb6d8389d500dccc0c9bebd885268a3047180274a6031e',
};

/**
 * ZooKeeper's client for replicated LevelDB. The one that ActiveMQ brings (3.4.14) resolves no address on Java 14 and
 * later; this is the last line that its store was run with.
 */
export const ZOOKEEPER_CLIENT: Driver = {
  file: 'zookeeper-3.5.10.jar',
  coordinates: 'org.apache.zookeeper:zookeeper:3.5.10',
  sha512:
    '56dc974b5108912961bef3dcdd168aaa802fe923490c0d846dd9643cba7c0e1891c79fcf416eda48fd50d9c22f7ae22b6338fd2b039574682247f20d5681fec3',
  sha256: '6e464f38311feafa64c1759ba70c99a8df7c5fa73015566106472dbeae9f91a2',
};

export const ZOOKEEPER_CLIENT_PROTOCOL: Driver = {
  file: 'zookeeper-jute-3.5.10.jar',
  coordinates: 'org.apache.zookeeper:zookeeper-jute:3.5.10',
  sha512:
    'f28b7f26c6486357c3796509a77179d182410d220ec6ffe3642564ad128709e0cb056825d2e8173d404d39adb7886a190220570e0b8792603603a0b307223ca0',
  sha256: 'edc31093829ab70f082456d0baecf1eade3f3d6f4dc81c1d3a1e04ed2920086d',
};

/** A part of Guava that ActiveMQ's archive lacks: a slave with data that is to become master stops without it. */
export const FAILURE_ACCESS: Driver = {
  file: 'failureaccess-1.0.1.jar',
  coordinates: 'com.google.guava:failureaccess:1.0.1',
  sha512:
    'f8d59b808d6ba617252305b66d5590937da9b2b843d492d06b8d0b1b1f397e39f360d5817707797b979a5bf20bf21987b35333e7a15c44ed7401fea2d2119cae',
  sha256: 'a171ee4c734dd2da837e4b16be9df4661afab72a41adaf31eb84dfdaf936ca26',
};
