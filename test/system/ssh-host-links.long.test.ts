import { linkTests } from '../support/ssh-link-tests.js';

linkTests('10.251.94.0/24', { cut: 30, freeze: 5 });
