/** conf/jetty.xml: the shipped file with this node's port, one login, and a wall around every path. */
import { DOMParser, XMLSerializer, type Document, type Element } from '@xmldom/xmldom';
import { KEY_STORE } from '../layout.js';
import type { Node } from '../topology/topology.js';

const BEANS = 'http://www.springframework.org/schema/beans';
/** Web applications that stay; demos and the file server of older versions are ways in that nobody watches. */
const CONTEXTS = ['/admin', '/api'];

/** @throws Error when the shipped file lacks a part to change, so that another file is noticed and not half changed. */
export function jettyXml(shipped: string, node: Node, { tls }: { tls: boolean }): string {
  // the shipped file begins with an empty line, which a parser takes for content before the root
  const document = new DOMParser().parseFromString(shipped.trim(), 'text/xml');
  setPort(document, node.console);
  replaceLogin(document);
  requireLoginEverywhere(document);
  if (tls) encrypt(document);
  keepContexts(document);
  return `${new XMLSerializer().serializeToString(document)}\n`;
}

function setPort(document: Document, port: number): void {
  const bean = beanWithId(document, 'jettyPort');
  // inside the host; which addresses reach it is decided where its ports are published
  setProperty(bean, 'host', '0.0.0.0');
  setProperty(bean, 'port', String(port));
}

/**
 * The realm's only user comes from the placeholders, so that no second file holds a password: a UserStore bean, filled
 * before the login service starts.
 */
function replaceLogin(document: Document): void {
  const service = beanWithId(document, 'securityLoginService');
  removeProperty(service, 'config');
  service.setAttribute('depends-on', 'addConsoleUser');
  service.appendChild(node(document, 'property', { name: 'userStore', ref: 'consoleUsers' }));
  const beans = [
    node(document, 'bean', { id: 'consoleUsers', class: 'org.eclipse.jetty.security.UserStore' }),
    node(document, 'bean', { id: 'consolePassword', class: 'org.eclipse.jetty.util.security.Password' }, [
      node(document, 'constructor-arg', { value: '${console.password}' }),
    ]),
    node(
      document,
      'bean',
      { id: 'addConsoleUser', class: 'org.springframework.beans.factory.config.MethodInvokingFactoryBean' },
      [
        node(document, 'property', { name: 'targetObject', ref: 'consoleUsers' }),
        node(document, 'property', { name: 'targetMethod', value: 'addUser' }),
        node(document, 'property', { name: 'arguments' }, [
          node(document, 'list', {}, [
            value(document, '${console.user}'),
            node(document, 'ref', { bean: 'consolePassword' }),
            node(document, 'list', {}, [value(document, 'admin')]),
          ]),
        ]),
      ],
    ),
  ];
  for (const bean of beans) service.parentNode?.insertBefore(bean, service);
}

/**
 * The connector's second argument, before the factories that 5.18 names: with it Jetty puts TLS in front of them. Its
 * certificate is the broker's own.
 */
function encrypt(document: Document): void {
  const connector = beanWithId(document, 'Connector');
  const server = Array.from(connector.getElementsByTagNameNS(BEANS, 'constructor-arg')).find(
    (argument) => argument.parentNode === connector,
  );
  if (server === undefined) throw new Error('the connector of the shipped jetty.xml has no constructor-arg');
  const protocols = ['TLSv1.2', 'TLSv1.3'].map((name) => value(document, name));
  const context = node(document, 'bean', { class: 'org.eclipse.jetty.util.ssl.SslContextFactory$Server' }, [
    node(document, 'property', { name: 'keyStorePath', value: `\${activemq.conf}/${KEY_STORE}` }),
    node(document, 'property', { name: 'keyStoreType', value: 'PKCS12' }),
    node(document, 'property', { name: 'keyStorePassword', value: '${tls.password}' }),
    node(document, 'property', { name: 'includeProtocols' }, [node(document, 'list', {}, protocols)]),
  ]);
  connector.insertBefore(node(document, 'constructor-arg', {}, [context]), server.nextSibling);
}

/** 5.15.12 leaves out "/", 5.15.16 "/api"; in Jetty the longest prefix wins over every suffix, so "/*" misses nothing. */
function requireLoginEverywhere(document: Document): void {
  for (const id of ['securityConstraint', 'adminSecurityConstraint']) {
    setProperty(beanWithId(document, id), 'roles', 'admin');
    setProperty(beanWithId(document, id), 'authenticate', 'true');
  }
  setProperty(beanWithId(document, 'securityConstraintMapping'), 'pathSpec', '/*');
}

/**
 * How Jetty is to read the application that has nothing but two servlets in its web.xml: without a search of all jars for
 * annotations and without a compiler of pages, which it does for /admin anyway. A master comes up with a twentieth less
 * (2.90 → 2.74 CPU-seconds, median of 14 starts each in turn), at every takeover too.
 */
const API_CONFIGURATIONS = ['WebInfConfiguration', 'WebXmlConfiguration'];

/** Also names the Jolokia policy, which up to 5.16 would be read from inside the shared home's web application. */
function keepContexts(document: Document): void {
  for (const context of beans(document).filter((bean) => bean.getAttribute('class')?.endsWith('.WebAppContext'))) {
    const path = property(context, 'contextPath')?.getAttribute('value') ?? '';
    if (!CONTEXTS.includes(path)) context.parentNode?.removeChild(context);
    if (path !== '/api') continue;
    const policy = { name: 'initParams[policyLocation]', value: 'file:${activemq.conf}/jolokia-access.xml' };
    context.appendChild(node(document, 'property', policy));
    const classes = API_CONFIGURATIONS.map((name) => value(document, `org.eclipse.jetty.webapp.${name}`));
    const list = node(document, 'list', {}, classes);
    context.appendChild(node(document, 'property', { name: 'configurationClasses' }, [list]));
  }
}

const beans = (document: Document): Element[] => Array.from(document.getElementsByTagNameNS(BEANS, 'bean'));

function beanWithId(document: Document, id: string): Element {
  const bean = beans(document).find((candidate) => candidate.getAttribute('id') === id);
  if (bean === undefined) throw new Error(`the shipped jetty.xml has no bean ${id}`);
  return bean;
}

const property = (bean: Element, name: string): Element | undefined =>
  Array.from(bean.getElementsByTagNameNS(BEANS, 'property')).find(
    (candidate) => candidate.parentNode === bean && candidate.getAttribute('name') === name,
  );

function setProperty(bean: Element, name: string, text: string): void {
  const found = property(bean, name);
  if (found === undefined) throw new Error(`bean ${bean.getAttribute('id')} of the shipped jetty.xml has no ${name}`);
  found.setAttribute('value', text);
}

function removeProperty(bean: Element, name: string): void {
  const found = property(bean, name);
  if (found !== undefined) bean.removeChild(found);
}

function node(document: Document, name: string, attributes: Record<string, string>, children: Element[] = []): Element {
  const made = document.createElementNS(BEANS, name);
  for (const [key, text] of Object.entries(attributes)) made.setAttribute(key, text);
  for (const child of children) made.appendChild(child);
  return made;
}

function value(document: Document, text: string): Element {
  const made = document.createElementNS(BEANS, 'value');
  made.appendChild(document.createTextNode(text));
  return made;
}
