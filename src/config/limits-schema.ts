// The keys that bound what passes: `limits` and `shutdown` (design.md, "Configuration").
import { count, duration, percent, section } from './value-kinds.ts';

export function limits() {
  return section({
    concurrency: count(1).prefault('100').describe('Requests in flight per org; more wait'),
    queue_timeout: duration().prefault('30s').describe('How long one waits before it is refused'),
    api_usage_stop: percent()
      .prefault('95')
      .describe('Percent of the daily API limit at which requests are refused; 0 is off'),
  })
    .transform((keys) => ({
      concurrency: keys.concurrency,
      queueTimeoutMs: keys.queue_timeout,
      apiUsageStopPercent: keys.api_usage_stop,
    }))
    .readonly();
}

export function shutdown() {
  return section({
    grace: duration().prefault('25s').describe('How long requests in flight may take to finish'),
  })
    .transform((keys) => ({ graceMs: keys.grace }))
    .readonly();
}
