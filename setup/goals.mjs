// What each goal of the set-up needs.
export const IMAGE = 'everbroker/debian:bookworm';

/** The version that topologies use by default; the build takes the probe's client jars from it. */
export const DEFAULT_ACTIVEMQ = '5.18.3';
const ALL_ACTIVEMQ = [DEFAULT_ACTIVEMQ, '5.15.12', '5.15.16', '5.16.7', '5.17.6'];

const start = {
  engine: true,
  temporal: true,
  testServer: false,
  python: false,
  jreImage: false,
  faultImage: false,
  sshdImages: false,
};
export const GOALS = {
  /** Only what `npm run build` needs. */
  build: { ...start, engine: false, temporal: false, activemq: [DEFAULT_ACTIVEMQ] },
  start: { ...start, activemq: [DEFAULT_ACTIVEMQ] },
  bench: { ...start, jreImage: true, activemq: [DEFAULT_ACTIVEMQ] },
  test: {
    ...start,
    testServer: true,
    python: true,
    jreImage: true,
    faultImage: true,
    sshdImages: true,
    activemq: ALL_ACTIVEMQ,
  },
};

/** The archive's name in the artefact cache. */
export const distributionFile = (version) => `apache-activemq-${version}-bin.tar.gz`;
