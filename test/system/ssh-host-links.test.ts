import { linkTests } from '../support/ssh-link-tests.js';

linkTests('10.251.93.0/24', { cut: 4, freeze: 1 });
