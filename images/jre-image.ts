/** The base image with a JRE: for tests and the benchmark, which are not about installing Java. */
import { derivedImage } from './derived-image.js';

export const JRE_IMAGE = 'everbroker/debian-jre:bookworm';

/** Java's package calls update-alternatives for manual pages, whose directories small images lack. */
export const jreImage = derivedImage(
  JRE_IMAGE,
  `mkdir -p /usr/share/man/man1
apt-get -q install -y --no-install-recommends -o Acquire::Retries=3 openjdk-17-jre-headless`,
);
