/* SPDX-License-Identifier: Apache-2.0
 *
 * Circuit breaker without a lock: the time at which it may be tried again is also the token for being the probe.
 * A probe that never reports (its fiber was cancelled) costs one more open_ns, nothing else.
 */
#include "platform/cache/limits.h"

#include <stdatomic.h>

#include "base/clock.h"

void breaker_init(struct breaker *b, unsigned threshold, int64_t open_ns)
{
	atomic_init(&b->failures, 0);
	atomic_init(&b->open_until_ns, 0);
	b->threshold = threshold ? threshold : 3;
	b->open_ns = open_ns;
}

bool breaker_allow(struct breaker *b)
{
	int64_t until = atomic_load(&b->open_until_ns);
	if (until == 0)
		return true;
	int64_t now = clock_mono_ns();
	if (now < until)
		return false;
	return atomic_compare_exchange_strong(&b->open_until_ns, &until, now + b->open_ns);
}

void breaker_result(struct breaker *b, bool ok)
{
	if (ok) {
		/* The common case writes nothing, so that the line stays shared between cores. */
		if (atomic_load(&b->failures))
			atomic_store(&b->failures, 0);
		if (atomic_load(&b->open_until_ns))
			atomic_store(&b->open_until_ns, 0);
		return;
	}
	unsigned failures = atomic_fetch_add(&b->failures, 1) + 1;
	if (failures >= b->threshold)
		atomic_store(&b->open_until_ns, clock_mono_ns() + b->open_ns);
}

bool breaker_is_open(const struct breaker *b)
{
	return atomic_load(&((struct breaker *)b)->open_until_ns) > clock_mono_ns();
}
