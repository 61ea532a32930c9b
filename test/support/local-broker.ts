/** Brokers as JVMs of this machine, on loopback, from the cached distribution. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.js';

const VERSION = '5.18.3';

/** A directory of this test's own with the distribution unpacked in it. */
export function unpackActivemq(): { work: string; home: string } {
  const cache = process.env['EVERBROKER_CACHE'] ?? join(process.cwd(), '.everbroker', 'cache');
  const archive = join(cache, `apache-activemq-${VERSION}-bin.tar.gz`);
  if (!existsSync(archive)) throw new Error(`${archive} is missing: run the set-up of the tests (npm test does)`);
  const work = mkdtempSync(join(tmpdir(), 'everbroker-brokers-'));
  execFileSync('tar', ['-xzf', archive, '-C', work]);
  return { work, home: join(work, `apache-activemq-${VERSION}`) };
}

export interface LocalBroker {
  openwire: number;
  console: number;
  /** Its conf/credentials.properties, with the key probe.password. */
  credentialsFile: string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface LocalBrokerOptions {
  work: string;
  home: string;
  name: string;
  openwire: number;
  consolePassword: string;
  probePassword: string;
  /** Port of a broker to which this one dials a duplex bridge. */
  bridgeTo?: number;
}

export async function startLocalBroker(options: LocalBrokerOptions): Promise<LocalBroker> {
  const base = join(options.work, options.name);
  const conf = join(base, 'conf');
  const consolePort = await freePort();
  mkdirSync(join(base, 'data'), { recursive: true });
  cpSync(join(options.home, 'conf'), conf, { recursive: true });
  const credentialsFile = join(conf, 'credentials.properties');
  writeFileSync(credentialsFile, `probe.password=${options.probePassword}\n`, { mode: 0o600 });
  writeFileSync(join(conf, 'jetty-realm.properties'), `ops: ${options.consolePassword}, admin\n`);
  writeFileSync(join(conf, 'activemq.xml'), brokerXml(options));
  const jetty = readFileSync(join(conf, 'jetty.xml'), 'utf8').replace('value="8161"', `value="${consolePort}"`);
  writeFileSync(join(conf, 'jetty.xml'), jetty);
  const child = spawnBroker(options.home, base);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  await untilAnswering(child, consolePort, join(base, 'data', 'out')).catch(async (error: unknown) => {
    await kill('SIGKILL');
    throw error;
  });
  return { openwire: options.openwire, console: consolePort, credentialsFile, kill };
}

function spawnBroker(home: string, base: string): ChildProcess {
  const out = openSync(join(base, 'data', 'out'), 'a');
  const properties = {
    'activemq.base': base,
    'activemq.home': home,
    'activemq.conf': join(base, 'conf'),
    'activemq.data': join(base, 'data'),
    'jolokia.conf': `file:${join(base, 'conf', 'jolokia-access.xml')}`,
    'log4j2.configurationFile': `file:${join(base, 'conf', 'log4j2.properties')}`,
  };
  const flags = Object.entries(properties).map(([key, value]) => `-D${key}=${value}`);
  const classPath = ['lib/*', 'lib/optional/*', 'lib/web/*', 'lib/extra/*'].join(':');
  const main = ['-cp', classPath, 'org.apache.activemq.console.Main', 'start'];
  return spawn('java', ['-Xmx128m', '-XX:TieredStopAtLevel=1', ...flags, ...main], {
    cwd: home,
    stdio: ['ignore', out, out],
  });
}

async function untilAnswering(child: ChildProcess, port: number, log: string): Promise<void> {
  // two JVMs on a loaded machine of two cores
  const end = Date.now() + 90_000;
  while (Date.now() < end && child.exitCode === null) {
    if (
      await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      )
    )
      return;
    await delay(100);
  }
  throw new Error(`the broker does not answer:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
}

export const removeWork = (work: string): void => rmSync(work, { recursive: true, force: true });

const brokerXml = ({ name, openwire, bridgeTo }: LocalBrokerOptions): string => `<beans
  xmlns="http://www.springframework.org/schema/beans" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <bean class="org.springframework.beans.factory.config.PropertyPlaceholderConfigurer">
    <property name="locations"><value>file:\${activemq.conf}/credentials.properties</value></property>
  </bean>
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="${name}" dataDirectory="\${activemq.data}">
    <managementContext><managementContext createConnector="false"/></managementContext>
    ${bridgeTo === undefined ? '' : bridgeXml(bridgeTo)}
    <persistenceAdapter><kahaDB directory="\${activemq.data}/kahadb"/></persistenceAdapter>
    <plugins>
      <simpleAuthenticationPlugin anonymousAccessAllowed="false"><users>
        <authenticationUser username="everbroker-probe" password="\${probe.password}" groups="probes"/>
        <authenticationUser username="everbroker-bridge" password="\${probe.password}-b" groups="bridges"/>
      </users></simpleAuthenticationPlugin>
      <authorizationPlugin><map><authorizationMap><authorizationEntries>
        <authorizationEntry queue=">" read="bridges" write="bridges" admin="bridges"/>
        <authorizationEntry queue="EVERBROKER.>" read="probes,bridges" write="probes,bridges" admin="probes,bridges"/>
        <authorizationEntry topic="ActiveMQ.Advisory.>" read="bridges" write="probes,bridges" admin="probes,bridges"/>
      </authorizationEntries></authorizationMap></map></authorizationPlugin>
    </plugins>
    <transportConnectors><transportConnector name="openwire" uri="tcp://127.0.0.1:${openwire}"/></transportConnectors>
  </broker>
  <import resource="jetty.xml"/>
</beans>
`;

/** The queue that no bridge of these brokers carries. */
export const ISLAND = 'EVERBROKER.TEST.island';

const bridgeXml = (port: number): string => `<networkConnectors>
      <networkConnector name="toB" duplex="true" messageTTL="8" consumerTTL="1"
        userName="everbroker-bridge" password="\${probe.password}-b"
        uri="masterslave:(tcp://127.0.0.1:${port},tcp://127.0.0.1:${port})?useExponentialBackOff=false&amp;initialReconnectDelay=1000">
        <excludedDestinations><queue physicalName="${ISLAND}"/></excludedDestinations>
      </networkConnector>
    </networkConnectors>`;
