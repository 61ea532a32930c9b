/** Package managers: which packages are Java, and how one is installed. Which one a host has is found by looking. Pure. */

export type PackageManager = 'apt-get' | 'dnf' | 'yum' | 'zypper' | 'apk';

/** Asked in this order: where dnf is, yum is its other name. */
export const PACKAGE_MANAGERS: readonly PackageManager[] = ['apt-get', 'dnf', 'yum', 'zypper', 'apk'];

/** Distributions package versions with long support only. */
const LONG_SUPPORTED = [17, 21, 25];

/**
 * The package with a Java that is new enough, without a desktop: the oldest with long support, as those are in the most
 * distributions. Families name it differently.
 */
export function javaPackage(manager: PackageManager, minimum: number): string {
  const version = LONG_SUPPORTED.find((supported) => supported >= minimum) ?? minimum;
  switch (manager) {
    case 'apt-get':
      return `openjdk-${version}-jre-headless`;
    case 'dnf':
    case 'yum':
    case 'zypper':
      return `java-${version}-openjdk-headless`;
    case 'apk':
      return `openjdk${version}-jre-headless`;
  }
}

/**
 * A script that installs the package $1 and prints the files of it, one a line. Two runs at once wait for each other; what
 * a run that was cut left half configured is completed first.
 */
export function installScript(manager: PackageManager): string {
  switch (manager) {
    case 'apt-get':
      return `export DEBIAN_FRONTEND=noninteractive
dpkg --configure -a >/dev/null
# Java's packages link manual pages, whose directories small images lack.
mkdir -p /usr/share/man/man1
apt-get -o DPkg::Lock::Timeout=120 -qq update
apt-get -o DPkg::Lock::Timeout=120 -qq -y --no-install-recommends install "$1" >/dev/null
rm -rf /var/lib/apt/lists/*
dpkg -L "$1"`;
    case 'dnf':
    case 'yum':
      return `${manager} -q -y install "$1" >/dev/null
rpm -ql "$1"`;
    case 'zypper':
      return `export ZYPP_LOCK_TIMEOUT=120
zypper --non-interactive --quiet install --no-recommends "$1" >/dev/null
rpm -ql "$1"`;
    case 'apk':
      return `apk add --quiet --no-cache --wait 120 "$1" >/dev/null
apk info --quiet --contents "$1" | sed 's,^,/,'`;
  }
}
