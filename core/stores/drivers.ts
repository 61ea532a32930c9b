/**
 * JDBC drivers that Everbroker knows, with the checksums of the files as Maven served them on 2026-11-25. Both run on
 * Java 8 and later, and so on every Java that is accepted.
 */
export interface Driver {
  /** Name of the jar, on the host and in the cache. */
  file: string;
  /** Maven coordinates: group:artefact:version. */
  coordinates: string;
  className: string;
  sha512: string;
  /** The same file as a host's agent reports it. */
  sha256: string;
}

export const MARIADB_DRIVER: Driver = {
  file: 'mariadb-java-client-3.4.1.jar',
  coordinates: 'org.mariadb.jdbc:mariadb-java-client:3.4.1',
  className: 'org.mariadb.jdbc.Driver',
  sha512:
    '496e9558023ba0a33e552b00daa7ccbad3fb9e66590cd772c1b801a8a7b8f9b71217d59f3032c6d4ad41ebe0b303f118e9b397549e51ace4079f747910efe7af',
  sha256: 'f60e4b282f1f4bdb74f0a26436ba7078a5e480b6f6702f6a7b45d9ba5e604a24',
};

export const POSTGRESQL_DRIVER: Driver = {
  file: 'postgresql-42.7.4.jar',
  coordinates: 'org.postgresql:postgresql:42.7.4',
  className: 'org.postgresql.Driver',
  sha512:
    '1e7ce2040145a8b2e48e6c33fb6954aabf1afa21b1bad9f39465ad508570f22424e31a897f46eb92b28b99ade89d5068214dd400dd473f440d694520e06da796',
  sha256: '188976721ead8e8627eb6d8389d500dccc0c9bebd885268a3047180274a6031e',
};
