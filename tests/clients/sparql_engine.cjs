// The endpoint as an engine of npm rdf-test-suite: data go in by an update, queries by POST.
// The address comes with `-i '{"endpoint": "http://…/sparql"}'`.

const { Readable } = require("node:stream");
const { termToString } = require("rdf-string-ttl");
const { TestCaseQueryEvaluationHandler, Util } = require("rdf-test-suite");

Util.extensionToContentType.rdf = "application/rdf+xml"; // the one ending of the suite it lacks

const RESULTS = "application/sparql-results+json, text/turtle;q=0.9";

async function send(endpoint, type, text, accept = "*/*") {
  const headers = { "content-type": `application/sparql-${type}`, accept };
  return fetch(endpoint, { method: "POST", headers, body: text });
}

async function refused(answer) {
  return new Error(`${answer.status} ${await answer.text()}`);
}

/** Hold these quads and nothing else. */
async function hold(endpoint, quads) {
  const written = quads.map((quad) => {
    const triple = [quad.subject, quad.predicate, quad.object].map(termToString).join(" ");
    const inner = `${triple} .`;
    return quad.graph.termType === "DefaultGraph"
      ? inner
      : `GRAPH ${termToString(quad.graph)} { ${inner} }`;
  });
  const update = `CLEAR ALL ; INSERT DATA { ${written.join("\n")} }`;
  const answer = await send(endpoint, "update", update);
  if (!answer.ok) throw await refused(answer);
}

async function ask(data, query, options, accept) {
  await hold(options.endpoint, data);
  const answer = await send(options.endpoint, "query", `BASE <${options.baseIRI}>\n${query}`, accept);
  if (!answer.ok) throw await refused(answer);
  return answer;
}

module.exports = {
  /** Refuses what the grammar refuses; what is good but not offered, as SERVICE, is parsed. */
  async parse(query, options) {
    const answer = await send(options.endpoint, "query", `BASE <${options.baseIRI}>\n${query}`);
    if (answer.ok) return;
    const problem = await answer.json();
    if (problem.type.endsWith("/malformed-query")) throw new Error(problem.detail);
  },

  async query(data, query, options) {
    const answer = await ask(data, query, options, RESULTS);
    const type = answer.headers.get("content-type").split(";")[0];
    const body = Readable.from([Buffer.from(await answer.arrayBuffer())]);
    const result = await TestCaseQueryEvaluationHandler.parseQueryResult(type, options.baseIRI, body);
    if (result.type === "bindings") result.checkOrder = options.checkOrder ?? false;
    return result;
  },

  async queryResultFormat(data, query, mediaType, options) {
    const answer = await ask(data, query, options, mediaType);
    return Readable.from([Buffer.from(await answer.arrayBuffer())]);
  },
};
