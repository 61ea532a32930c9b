/** conf/jolokia-access.xml: whoever has the console's login may look at everything and change nothing. */
import { documentText, element, textElement, type Element } from './xml.js';

/** MBeans through which a JVM gives away or does more than ActiveMQ needs. */
const DENIED_BEANS = [
  'org.apache.logging.log4j2:*',
  'com.sun.management:type=DiagnosticCommand',
  'com.sun.management:type=HotSpotDiagnostic',
  'jdk.management.jfr:type=FlightRecorder',
  'java.util.logging:type=Logging',
];

/**
 * Operations that make a broker load what a URI names: the way to foreign code in CVE-2026-34197 and its bypasses. No
 * operation is allowed anyway; they are denied by name so that a later `exec` in the commands opens none of them.
 */
const DENIED_OPERATIONS = ['addNetworkConnector', 'addConnector', 'reloadLog4jProperties'];

const denied = (name: string, rules: Element[]): Element => element('mbean', {}, [textElement('name', name), ...rules]);

export function jolokiaAccess(): string {
  const commands = ['read', 'search', 'list', 'version'].map((name) => textElement('command', name));
  const operations = DENIED_OPERATIONS.map((name) => textElement('operation', name));
  const root = element('restrict', {}, [
    element('commands', {}, commands),
    // a browser that visits another page sends that page's origin, or none
    element('cors', {}, [textElement('allow-origin', 'http://localhost'), element('strict-checking')]),
    element('deny', {}, [
      ...DENIED_BEANS.map((name) => denied(name, [textElement('attribute', '*'), textElement('operation', '*')])),
      denied('org.apache.activemq:*', operations),
    ]),
  ]);
  return documentText(root, 'Made by Everbroker; changes are overwritten. Reading only.');
}
