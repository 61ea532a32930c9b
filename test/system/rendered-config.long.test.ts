import { renderedConfig } from '../support/rendered-config.js';

for (const version of ['5.15.16', '5.16.7', '5.17.6']) renderedConfig(version);
