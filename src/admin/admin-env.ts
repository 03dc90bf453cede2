// What the routes of the admin listener get from it: the request as Node has it.
import type { HttpBindings } from '@hono/node-server';

export interface AdminEnv {
  Bindings: HttpBindings;
}
