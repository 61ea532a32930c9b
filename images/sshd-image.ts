/** Images of machines behind SSH, for tests and the benchmark: bare, with a JRE, with what Ansible needs. Users and keys come when one starts. */
import type { DockerClient } from '../hosts/docker-client.js';
import type { EnsureImageOptions } from './base-image.js';
import { derivedImage, type DerivedImage } from './derived-image.js';
import { jreImage } from './jre-image.js';

export const SSHD_IMAGE = 'everbroker-test/sshd:bookworm';
export const SSHD_JRE_IMAGE = 'everbroker-test/sshd-jre:bookworm';
/** Ansible's modules are Python programs that run on the host. */
export const SSHD_PYTHON_IMAGE = 'everbroker-test/sshd-jre-python:bookworm';
export type SshdImage = typeof SSHD_IMAGE | typeof SSHD_JRE_IMAGE | typeof SSHD_PYTHON_IMAGE;

/**
 * `deploy` may use sudo freely, `admin` with a password, `plain` not at all. The package's host keys would be
 * the same in every container, so they go. sshd makes its directory only under systemd.
 */
const withSshd = (more: string): string => `\
apt-get -q install -y --no-install-recommends -o Acquire::Retries=3 openssh-server sudo ${more}
rm -f /etc/ssh/ssh_host_*
mkdir -p /run/sshd
for user in deploy admin plain; do useradd -m -s /bin/bash "$user"; done
echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deploy
echo 'admin ALL=(ALL) ALL' > /etc/sudoers.d/admin
printf 'PermitRootLogin yes\\nUseDNS no\\n' > /etc/ssh/sshd_config.d/test.conf`;

const IMAGES: Record<SshdImage, DerivedImage> = {
  [SSHD_IMAGE]: derivedImage(SSHD_IMAGE, withSshd('nftables')),
  [SSHD_JRE_IMAGE]: derivedImage(SSHD_JRE_IMAGE, withSshd('nftables'), jreImage),
  [SSHD_PYTHON_IMAGE]: derivedImage(SSHD_PYTHON_IMAGE, withSshd('python3'), jreImage),
};

/** Whether the engine has the image, made from the one below as it is now. */
export const hasSshdImage = (engine: DockerClient, image: SshdImage): Promise<boolean> => IMAGES[image].isThere(engine);

/** The image's tag; made when the engine does not have it. */
export async function ensureSshdImage(options: EnsureImageOptions, image: SshdImage = SSHD_IMAGE): Promise<SshdImage> {
  await IMAGES[image].ensure(options);
  return image;
}
