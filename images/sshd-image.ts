/** Images of machines behind SSH, for tests and the benchmark: bare, with a JRE, with what Ansible needs. Users and keys come when one starts. */
import { createHash } from 'node:crypto';
import type { DockerClient } from '../hosts/docker-client.js';
import { BASE_IMAGE, CLEAN_APT, RECIPE_LABEL, ensureBaseImage, type EnsureImageOptions } from './base-image.js';
import { commitWith, imageId, imageLabel } from './build-container.js';
import { JRE_IMAGE, ensureJreImage } from './jre-image.js';

export const SSHD_IMAGE = 'everbroker-test/sshd:bookworm';
export const SSHD_JRE_IMAGE = 'everbroker-test/sshd-jre:bookworm';
/** Ansible's modules are Python programs that run on the host. */
export const SSHD_PYTHON_IMAGE = 'everbroker-test/sshd-jre-python:bookworm';
export type SshdImage = typeof SSHD_IMAGE | typeof SSHD_JRE_IMAGE | typeof SSHD_PYTHON_IMAGE;

const FROM: Record<SshdImage, string> = {
  [SSHD_IMAGE]: BASE_IMAGE,
  [SSHD_JRE_IMAGE]: JRE_IMAGE,
  [SSHD_PYTHON_IMAGE]: JRE_IMAGE,
};
const MORE_PACKAGES: Record<SshdImage, string> = {
  [SSHD_IMAGE]: ' nftables',
  [SSHD_JRE_IMAGE]: ' nftables',
  [SSHD_PYTHON_IMAGE]: ' python3',
};

/**
 * `deploy` may use sudo freely, `admin` with a password, `plain` not at all. The package's host keys would be
 * the same in every container, so they go. sshd makes its directory only under systemd.
 */
const install = (packages: string): string => `set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q install -y --no-install-recommends -o Acquire::Retries=3 openssh-server sudo${packages}
rm -f /etc/ssh/ssh_host_*
mkdir -p /run/sshd
for user in deploy admin plain; do useradd -m -s /bin/bash "$user"; done
echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deploy
echo 'admin ALL=(ALL) ALL' > /etc/sudoers.d/admin
printf 'PermitRootLogin yes\\nUseDNS no\\n' > /etc/ssh/sshd_config.d/test.conf
${CLEAN_APT}`;

const scriptOf = (image: SshdImage): string => install(MORE_PACKAGES[image]);

async function recipe(engine: DockerClient, image: SshdImage): Promise<string> {
  const base = await imageId(engine, FROM[image]);
  return createHash('sha256')
    .update(`${base ?? 'none'}\n${scriptOf(image)}`)
    .digest('hex')
    .slice(0, 16);
}

/** Whether the engine has the image, made from the base that it has now. */
export const hasSshdImage = async (engine: DockerClient, image: SshdImage): Promise<boolean> =>
  (await imageLabel(engine, image, RECIPE_LABEL)) === (await recipe(engine, image));

/** The image's tag; made when the engine does not have it. */
export async function ensureSshdImage(options: EnsureImageOptions, image: SshdImage = SSHD_IMAGE): Promise<SshdImage> {
  await (FROM[image] === JRE_IMAGE ? ensureJreImage(options) : ensureBaseImage(options));
  if (await hasSshdImage(options.engine, image)) return image;
  const labels = { [RECIPE_LABEL]: await recipe(options.engine, image) };
  await commitWith(options, { from: FROM[image], to: image, script: scriptOf(image), labels });
  return image;
}
