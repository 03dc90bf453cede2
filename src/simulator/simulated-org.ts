// A Salesforce org on this machine, for demo, tests and benchmarks: an HTTPS port that speaks the login and the APIs, and a control.
// It shares no code with the proxy, so that one misunderstanding cannot make both sides agree.

import { createControl, type OrgControl } from './control.ts';
import { openControlListener } from './control-listener.ts';
import { createGateway, type PortRole } from './gateway.ts';
import { type HttpsListener, openHttpsListener, originOf } from './https-listener.ts';
import { createOrgState, type OrgInfo } from './org-state.ts';
import { makeTlsIdentity, type TlsIdentity } from './tls-certificate.ts';

export interface SimulatedOrgOptions {
  /** What the HTTPS listener binds; default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** The name in URLs that the org gives out; default localhost. The certificate covers it. */
  readonly publicHost?: string;
  /** Sliding; default two hours. */
  readonly sessionIdleTimeoutMs?: number;
  /** Refuse assertions that live longer than three minutes; default false, as Salesforce. */
  readonly strictExp?: boolean;
  readonly now?: () => number;
  /** The daily API limit that Sforce-Limit-Info reports; default 15,000. It is reported, not enforced. */
  readonly apiLimit?: number;
}

export interface SimulatedOrg {
  /** The login URL, and the instance_url until the instance is moved. */
  readonly origin: string;
  /** Plain HTTP on loopback: the control from another process. */
  readonly controlOrigin: string;
  /** Self-signed: `certPem` is also the authority to trust. */
  readonly tls: TlsIdentity;
  readonly org: OrgInfo;
  readonly control: OrgControl;
  /** Ends everything; no open handles are left. */
  close(): Promise<void>;
}

interface OpenPort {
  readonly listener: HttpsListener;
  readonly role: PortRole;
}

export async function startSimulatedOrg(options: SimulatedOrgOptions = {}): Promise<SimulatedOrg> {
  const { host = '127.0.0.1', port = 0, publicHost = 'localhost' } = options;
  const state = createOrgState({
    sessionIdleTimeoutMs: options.sessionIdleTimeoutMs ?? 2 * 3_600_000,
    strictExp: options.strictExp ?? false,
    apiLimit: options.apiLimit ?? 15_000,
    now: options.now ?? Date.now,
  });
  const tls = await makeTlsIdentity(publicHost);
  const handlerFor = createGateway(state);
  const ports: OpenPort[] = [];

  async function openPort(wantedPort: number, isLogin: boolean): Promise<string> {
    const role: PortRole = { isLogin, mode: 'current' };
    const listener = await openHttpsListener({ host, port: wantedPort, tls }, handlerFor(role));
    ports.push({ listener, role });
    return originOf(publicHost, listener.port);
  }

  async function moveInstance(old: Exclude<PortRole['mode'], 'current'>): Promise<string> {
    const left = ports.find(({ role }) => role.mode === 'current');
    const origin = await openPort(0, false);
    state.location.instanceOrigin = origin;
    if (left) left.role.mode = old;
    // A port that is nothing but an instance can be truly gone; the login port resets API requests instead.
    if (left && !left.role.isLogin && old === 'refuse') await left.listener.close();
    return origin;
  }

  const origin = await openPort(port, true);
  state.location.loginOrigin = origin;
  state.location.instanceOrigin = origin;
  const control = createControl(state, {
    openConnections: () => ports.reduce((sum, { listener }) => sum + listener.openConnections(), 0),
    moveInstance,
  });
  const controlListener = await openControlListener(control);
  return {
    origin,
    controlOrigin: controlListener.origin,
    tls,
    org: state.info,
    control,
    close: async () => {
      await Promise.all([
        controlListener.close(),
        ...ports.map(({ listener }) => listener.close()),
      ]);
    },
  };
}
