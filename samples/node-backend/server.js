// A service behind a Gatehouse: it answers only calls that the gateway vouches for, and knows by whom they are made.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const issuer = process.env.GATEHOUSE_ISSUER;     // assertions: { issuer } of the gateway's declaration
const audience = process.env.GATEHOUSE_AUDIENCE; // the name of this service's upstream there
const keysUrl = process.env.GATEHOUSE_KEYS;      // assertions: { publish }
const port = Number(process.env.PORT ?? 0);
if (!issuer || !audience || !keysUrl) throw new Error('GATEHOUSE_ISSUER, GATEHOUSE_AUDIENCE and GATEHOUSE_KEYS are needed');

// Keys are cached for five minutes; an unknown one is asked for at once, but not again within five seconds.
const keys = createRemoteJWKSet(new URL(keysUrl), { cacheMaxAge: 300_000, cooldownDuration: 5_000, timeoutDuration: 5_000 });

/** The claims of the caller. Throws when the gateway does not vouch for this call. */
async function callerOf(request) {
  const assertions = request.headersDistinct['gatehouse-assertion'] ?? [];
  if (assertions.length !== 1) throw new Error('missing');
  const { payload } = await jwtVerify(assertions[0], keys, {
    issuer, audience, typ: 'gatehouse-assertion+jwt', algorithms: ['ES256', 'RS256'],
    requiredClaims: ['sub', 'caller', 'exp', 'iat', 'jti'], maxTokenAge: '60s', clockTolerance: 5,
  });
  if (payload.target !== undefined) requireFirstUse(payload, request);
  return payload;
}

// Assertions for a single request (assertion: perRequest) hold for this one only, and once. Several instances would share what was used.
const used = new Map();
function requireFirstUse(payload, request) {
  const target = createHash('sha256').update(request.url, 'latin1').digest('base64url');
  if (payload.method !== request.method || payload.target !== target) throw new Error('other request');
  const now = Date.now() / 1000;
  for (const [id, until] of used) if (until < now) used.delete(id); else break; // they end in the order in which they came, nearly
  if (used.has(payload.jti) || used.size >= 100_000) throw new Error('replayed');
  used.set(payload.jti, payload.exp + 5);
}

// What the gateway cannot know: whose order it is. A subject means something only together with the issuer that knows it, and a program that
// speaks for itself sees nothing unless it is named here with the scope that it needs. For anonymous calls there is no rule, and so no order.
const customers = 'customers'; // the issuer of the customers' tokens, by its name in the gateway's declaration
const programs = new Map([['invoice-run', 'orders.read']]);
function maySee(caller, customer) {
  if (caller.caller === 'person') return caller.issuer === customers && caller.sub === customer;
  if (caller.caller !== 'consumer' || !programs.has(caller.consumer)) return false;
  return (caller.scope ?? '').split(' ').includes(programs.get(caller.consumer));
}

function answer(response, status, body) {
  const text = JSON.stringify(body);
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), 'Cache-Control': 'no-store' }).end(text);
}

const server = createServer(async (request, response) => {
  let caller;
  try {
    caller = await callerOf(request);
  } catch (e) {
    console.error(`refused: ${e.code ?? e.message}`); // nothing of the assertion itself
    return answer(response, 401, { type: 'about:blank', title: 'This service is called through its gateway.', status: 401 });
  }

  const order = /^\/orders\/([0-9]{1,9})$/.exec(request.url);
  if (!order || !maySee(caller, `customer-${order[1]}`)) return answer(response, 404, { type: 'about:blank', title: 'There is no such order.', status: 404 });
  const person = caller.caller === 'person' ? caller.sub : null;
  answer(response, 200, { order: Number(order[1]), person, consumer: caller.consumer ?? null, route: caller.route });
});

server.listen(port, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
