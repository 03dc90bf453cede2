// The process of the contestant "fastify". In JavaScript, as its users ship it: its start is not charged for stripping types.
import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';

const [port, upstream, token] = process.argv.slice(2);
const app = Fastify();
app.register(httpProxy, {
  upstream,
  replyOptions: {
    rewriteRequestHeaders: (_request, headers) => ({
      ...headers,
      authorization: `Bearer ${token}`,
    }),
  },
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
