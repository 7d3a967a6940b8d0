// SPDX-License-Identifier: Apache-2.0
// oidc-provider with its in-memory adapter and one client: node peer.mjs PORT
import Provider from "oidc-provider";

const port = Number(process.argv[2]);
const provider = new Provider(`http://127.0.0.1:${port}`, {
	clients: [{ client_id: "bench", client_secret: "bench-secret-bench-secret-bench-1", grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
	features: { clientCredentials: { enabled: true }, introspection: { enabled: true }, devInteractions: { enabled: false } },
	scopes: ["profile"],
});
provider.listen(port, "127.0.0.1");
