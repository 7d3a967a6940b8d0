// SPDX-License-Identifier: Apache-2.0
// graphile-worker on the database of argv[2]: enqueue argv[3] jobs in bulk, then process them, with the settings its own
// documentation gives for throughput (local queue, batched completion). Prints one JSON line.
import { run, makeWorkerUtils } from "graphile-worker";
import pg from "pg";

const [, , connectionString, count] = process.argv;
const total = Number(count), chunk = 1000;
const pool = new pg.Pool({ connectionString, max: 20 });
const utils = await makeWorkerUtils({ pgPool: pool });
await utils.migrate();

const specs = JSON.stringify(Array.from({ length: chunk }, () => ({ identifier: "bench", payload: { id: 1 } })));
const sql = `select count(*) from graphile_worker.add_jobs(
	(select array_agg(json_populate_record(null::graphile_worker.job_spec, e)) from json_array_elements($1::json) e))`;
let begin = performance.now();
await Promise.all(
	Array.from({ length: 4 }, async (_, i) => {
		for (let n = i * chunk; n < total; n += 4 * chunk) await pool.query(sql, [specs]);
	}),
);
const bulk = total / ((performance.now() - begin) / 1000);

let ran = 0, finished;
const done = new Promise((resolve) => (finished = resolve));
begin = performance.now();
const runner = await run({
	pgPool: pool,
	concurrency: 24,
	noHandleSignals: true,
	taskList: { bench: () => void (++ran === total && finished()) },
	preset: { worker: { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
	logger: new (await import("graphile-worker")).Logger(() => () => {}),
});
await done;
for (let left = 1; left; ) {
	left = Number((await pool.query("select count(*) from graphile_worker._private_jobs")).rows[0].count);
	if (left) await new Promise((r) => setTimeout(r, 5));
}
const processed = total / ((performance.now() - begin) / 1000);
console.log(JSON.stringify({ enqueue_bulk: bulk, processed }));
await runner.stop();
process.exit(0);
