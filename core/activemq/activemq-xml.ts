/** conf/activemq.xml of a node. Secrets are placeholders, which Spring fills from conf/credentials.properties. */
import { storeOf } from '../stores/index.js';
import type { Node, Topology } from '../topology/topology.js';
import { KEY_STORE, TRUST_STORE } from '../layout.js';
import { openwireScheme, tlsOf } from '../tls.js';
import { accessPlugins } from './access.js';
import { announcement, networkConnectors } from './network-connectors.js';
import { documentText, element, textElement, type Element } from './xml.js';

const BEANS = 'http://www.springframework.org/schema/beans';
const CORE = 'http://activemq.apache.org/schema/core';
const SCHEMAS = `${BEANS} ${BEANS}/spring-beans.xsd ${CORE} ${CORE}/activemq-core.xsd`;

export function activemqXml(topology: Topology, node: Node): string {
  const root = element(
    'beans',
    { xmlns: BEANS, 'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance', 'xsi:schemaLocation': SCHEMAS },
    [
      placeholders(),
      ...storeOf(topology, node.group).beans(),
      broker(topology, node),
      element('import', { resource: 'jetty.xml' }),
    ],
  );
  return documentText(root, `Made by Everbroker for ${node.name} of ${node.group}; changes are overwritten.`);
}

const placeholders = (): Element =>
  element('bean', { class: 'org.springframework.beans.factory.config.PropertyPlaceholderConfigurer' }, [
    element('property', { name: 'locations' }, [textElement('value', 'file:${activemq.conf}/credentials.properties')]),
  ]);

/** The children stand in the order in which the broker is known to load them. */
function broker(topology: Topology, node: Node): Element {
  const bridges = networkConnectors(topology, node.group);
  return element(
    'broker',
    {
      xmlns: CORE,
      brokerName: node.group,
      dataDirectory: '${activemq.data}',
      schedulerSupport: false,
      useJmx: true,
    },
    [
      destinationPolicy(topology.strandedMessages),
      // the platform's MBean server only: nothing listens for remote JMX
      element('managementContext', {}, [element('managementContext', { createConnector: false })]),
      ...(bridges === null ? [] : [bridges]),
      element('persistenceAdapter', {}, [storeOf(topology, node.group).adapter(node.name)]),
      accessPlugins(topology),
      ...(tlsOf(topology) === null ? [] : [sslContext()]),
      systemUsage(topology),
      transportConnectors(topology, node),
      element('shutdownHooks', {}, [
        element('bean', { xmlns: BEANS, class: 'org.apache.activemq.hooks.SpringContextHook' }),
      ]),
    ],
  );
}

function destinationPolicy(stranded: Topology['strandedMessages']): Element {
  const topics = element('policyEntry', { topic: '>' }, [
    element('pendingMessageLimitStrategy', {}, [element('constantPendingMessageLimitStrategy', { limit: 1000 })]),
  ]);
  // Messages whose consumers left go back over the bridge. The audit would take a returning message for a duplicate.
  const queues = element('policyEntry', { queue: '>', enableAudit: false }, [
    element('networkBridgeFilterFactory', {}, [
      element('conditionalNetworkBridgeFilterFactory', { replayWhenNoConsumers: true }),
    ]),
  ]);
  const entries = stranded === 'replay' ? [topics, queues] : [topics];
  return element('destinationPolicy', {}, [element('policyMap', {}, [element('policyEntries', {}, entries)])]);
}

/** Bridges go out with the same context: they trust the cluster's authority and nobody else. */
const sslContext = (): Element =>
  element('sslContext', {}, [
    element('sslContext', {
      keyStore: `file:\${activemq.conf}/${KEY_STORE}`,
      keyStoreType: 'PKCS12',
      keyStorePassword: '${tls.password}',
      trustStore: `file:\${activemq.conf}/${TRUST_STORE}`,
      trustStoreType: 'PKCS12',
      trustStorePassword: '${tls.password}',
    }),
  ]);

/** `total` keeps a broker that starts on a full disk from lowering its limit to nothing for good: docs/decisions/0008. */
const systemUsage = ({ limits }: Topology): Element =>
  element('systemUsage', {}, [
    element('systemUsage', {}, [
      element('memoryUsage', {}, [element('memoryUsage', { percentOfJvmHeap: limits.memoryPercent })]),
      element('storeUsage', {}, [
        element('storeUsage', { limit: `${limits.storeMb} mb`, total: `${limits.storeMb} mb` }),
      ]),
      element('tempUsage', {}, [element('tempUsage', { limit: `${limits.tempMb} mb` })]),
    ]),
  ]);

function transportConnectors(topology: Topology, node: Node): Element {
  const { maximumConnections, maxFrameSizeBytes } = topology.limits;
  const options = `maximumConnections=${maximumConnections}&wireFormat.maxFrameSize=${maxFrameSizeBytes}`;
  const tls = tlsOf(topology) === null ? '' : '&transport.enabledProtocols=TLSv1.2,TLSv1.3';
  const uri = `${openwireScheme(topology)}://0.0.0.0:${node.openwire}?${options}${tls}`;
  const connector = { name: 'openwire', uri };
  const discoveryUri = announcement(topology, node.group);
  // by address: what a container calls itself is no name that a certificate or another network could know
  const byAddress = element('publishedAddressPolicy', {}, [
    element('publishedAddressPolicy', { publishedHostStrategy: 'IPADDRESS' }),
  ]);
  return element('transportConnectors', {}, [
    discoveryUri === null
      ? element('transportConnector', connector)
      : element('transportConnector', { ...connector, discoveryUri }, [byAddress]),
  ]);
}
