// What every nginx of the benchmark has in common, as upstream or as contestant.
import type { Workbench } from './workbench.ts';

/** One worker, in the foreground, with all its files below `directory`. */
export function nginxFrame(directory: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr error;
${process.geteuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 8192; }
http {
  ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n  ')}
  # The default of 1000 would cost a new connection every thousand requests.
  keepalive_requests 1000000000;
  client_max_body_size 0;
${http}
}
`;
}

/** For text without "$", which cannot be escaped in this language. */
export function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}

export async function nginxVersion(workbench: Workbench, program: string): Promise<string> {
  // It tells its version on stderr.
  const text = await workbench.run({ program: 'sh', args: ['-c', '"$0" -v 2>&1', program] });
  return text.trim().replace(/^.*nginx\//, 'nginx ');
}
