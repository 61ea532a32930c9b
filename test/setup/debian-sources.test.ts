import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { debianMirrors, sourcesList } from '../../images/debian-sources.js';

const OFFICIAL = { main: 'http://deb.debian.org/debian', security: 'http://deb.debian.org/debian-security' };

describe('package sources of an image', () => {
  test('are Debian’s own where the machine has none', () => {
    assert.deepEqual(debianMirrors([]), OFFICIAL);
  });

  test('are the machine’s mirrors, from one-line files with options', () => {
    const text = `# a comment
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://mirror.example/debian/ bookworm main contrib
deb https://mirror.example/debian-security bookworm-security main`;
    assert.deepEqual(debianMirrors([text]), {
      main: 'https://mirror.example/debian',
      security: 'https://mirror.example/debian-security',
    });
  });

  test('are the machine’s mirrors, from stanzas, but for disabled ones', () => {
    const text = `Types: deb
Enabled: no
URIs: http://old.example/debian
Suites: bookworm

Types: deb deb-src
URIs: http://near.example/debian
Suites: bookworm bookworm-updates
Components: main`;
    assert.equal(debianMirrors([text]).main, 'http://near.example/debian');
    assert.equal(debianMirrors([text]).security, 'http://near.example/debian-security');
  });

  test('are never what is no Debian, and never what only this machine reaches', () => {
    const others = `deb http://archive.ubuntu.com/ubuntu jammy main
deb https://packages.example/apt stable main
deb file:/srv/debian bookworm main
deb http://localhost:3142/debian bookworm main`;
    assert.deepEqual(debianMirrors([others]), OFFICIAL);
  });

  test('name updates and security as well', () => {
    assert.equal(
      sourcesList(OFFICIAL),
      'deb http://deb.debian.org/debian bookworm main\n' +
        'deb http://deb.debian.org/debian bookworm-updates main\n' +
        'deb http://deb.debian.org/debian-security bookworm-security main\n',
    );
  });
});
