/** The image of the helpers that do faults: the base image with what changes a network's rules. */
import { derivedImage } from './derived-image.js';

export const FAULT_IMAGE = 'everbroker/fault:bookworm';

/** Perl is there already; that it can open the engine's socket is tried. */
export const faultImage = derivedImage(
  FAULT_IMAGE,
  `apt-get -q install -y --no-install-recommends -o Acquire::Retries=3 nftables iproute2
perl -MIO::Socket::UNIX -e 1`,
);
