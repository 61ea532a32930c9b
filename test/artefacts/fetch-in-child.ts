/** Fetches one archive as a process of its own: directory, URL and checksum in argv; prints the path. */
import { pinnedArchive } from '../../artefacts/pinned-archive.js';
import { loopbackCache } from './loopback.js';

const [directory = '', url = '', sha512 = ''] = process.argv.slice(2);
const { path } = await pinnedArchive(loopbackCache(directory), { kind: 'url', url, sha512 }, {});
process.stdout.write(path);
