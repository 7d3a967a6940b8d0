/* SPDX-License-Identifier: Apache-2.0
 *
 * How the simulator misbehaves: numbers, kept in one row, so that they outlive it.
 */
#include "services/sumup/sumup.h"

enum { FAULT_MOST = 100000 };

static const struct { const char *name; size_t at; } members[] = {
#define FAULT(name) { #name, offsetof(struct sim_faults, name) }
	FAULT(clock_s), FAULT(latency_ms), FAULT(status), FAULT(status_times), FAULT(silent_times), FAULT(absent_times),
	FAULT(callbacks), FAULT(callback_delay_s), FAULT(forged_times), FAULT(refund_late_s), FAULT(refund_lost_times),
#undef FAULT
};

static int64_t *fault_member(struct sim_faults *f, size_t i)
{
	return (int64_t *)((char *)f + members[i].at);
}

enum status sim_faults_read(const json_t *j, struct sim_faults *f, struct err *e)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)j, name, value) {
		size_t i = 0, n = sizeof members / sizeof *members;
		while (i < n && strcmp(members[i].name, name) != 0)
			i++;
		int64_t v = json_integer_value(value);
		if (i == n || !json_is_integer(value) || v < 0 || (v > FAULT_MOST && members[i].at))
			return err_set(e, ST_INVALID, "%.40s is none of its faults, or not a number from 0 to %d", name,
			        FAULT_MOST);
		*fault_member(f, i) = v;
	}
	return ST_OK;
}

struct str sim_faults_json(struct arena *a, const struct sim_faults *f)
{
	struct buf b;
	buf_text(&b, a);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		buf_printf(&b, "%s\"%s\":%lld", i ? "," : "{", members[i].name,
		        (long long)*fault_member((struct sim_faults *)f, i));
	buf_putc(&b, '}');
	return buf_str(&b);
}

enum status sim_faults_get(struct db_conn *c, struct sim_faults *out, struct err *e)
{
	struct sumup_faults_row *row;
	*out = (struct sim_faults){ .callbacks = 1 };
	TRY(q_sumup_faults(c, &row, e));
	if (!row)
		return ST_OK;
	SCOPED_JSON *j = json_parse(row->document, 2, e);
	return j ? sim_faults_read(j, out, e) : ST_CORRUPT;
}

enum status sim_faults_put(struct db_conn *c, const struct sim_faults *f, struct err *e)
{
	return q_sumup_faults_put(c, sim_faults_json(db_arena(c), f), NULL, e);
}
