// The key of the admin listener: `admin` (design.md, "Configuration").
import * as z from 'zod';
import { listenAddressOrOff, section } from './value-kinds.ts';

const defaultListen = '127.0.0.1:9090';

/** `off`, or a map. */
export function admin(baseDir: string) {
  const keys = section({
    listen: listenAddressOrOff(baseDir)
      .prefault(defaultListen)
      .describe('Dashboard, metrics and probes: host:port, [ipv6]:port, unix:/path.sock or off'),
  }).meta({ type: ['object', 'string'] });
  return z
    .preprocess((value) => (value === 'off' ? { listen: 'off' } : value), keys)
    .transform(({ listen }) => ({ listen }))
    .readonly();
}
