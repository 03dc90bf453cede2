// A certificate authority and what it signs, for mutual TLS: made at run time by the real openssl.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openssl } from './test-keys.ts';

export interface TestCa {
  /** Its own certificate. */
  readonly certFile: string;
  issue(name: string, options?: IssueOptions): TestCertificate;
}

export interface IssueOptions {
  /** As openssl takes it: `/CN=one/CN=two`. Default: the name. */
  readonly subject?: string;
  /** Lines of an openssl section: `DNS.1 = x`. */
  readonly altNames?: readonly string[];
  /** Ended yesterday. */
  readonly isExpired?: boolean;
}

export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** @param dir where its files go, which nobody else writes to */
export function makeCa(dir: string, caName = 'ca'): TestCa {
  const curve = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256';
  openssl(dir, `req -x509 ${curve} -days 30 -keyout ${caName}.key -out ${caName}.crt -subj`, [
    `/CN=${caName}`,
  ]);
  let count = 0;
  return {
    certFile: join(dir, `${caName}.crt`),
    issue: (name, { subject = `/CN=${name}`, altNames = [], isExpired = false } = {}) => {
      count += 1;
      const base = `${caName}-${count}`;
      const section =
        altNames.length > 0 ? ['subjectAltName = @names', '[names]', ...altNames] : [];
      writeFileSync(join(dir, `${base}.ext`), ['[ext]', ...section, ''].join('\n'));
      openssl(dir, `req -new ${curve} -keyout ${base}.key -out ${base}.csr -utf8 -subj`, [subject]);
      const dates = isExpired
        ? '-not_before 20200101000000Z -not_after 20200102000000Z'
        : '-days 30';
      openssl(dir, caCommand(dir, caName, base, dates));
      const [certFile, keyFile] = [join(dir, `${base}.crt`), join(dir, `${base}.key`)];
      return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
    },
  };
}

function caCommand(dir: string, caName: string, base: string, dates: string): string {
  writeFileSync(join(dir, 'index.txt'), '');
  writeFileSync(
    join(dir, 'ca.cnf'),
    `[ca]\ndefault_ca = one\n[one]\ndatabase = ${join(dir, 'index.txt')}\nnew_certs_dir = ${dir}\ndefault_md = sha256\npolicy = any\nrand_serial = yes\nunique_subject = no\n[any]\ncommonName = optional\n`,
  );
  const period = dates.replace('-not_before', '-startdate').replace('-not_after', '-enddate');
  return `ca -batch -notext -config ca.cnf -cert ${caName}.crt -keyfile ${caName}.key -in ${base}.csr -out ${base}.crt -extfile ${base}.ext -extensions ext ${period}`;
}
