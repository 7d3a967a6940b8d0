/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses that are the program's own: no post or page can be found there.
 */
#ifndef GH_SERVICES_BLOG_ADDRESSES_H
#define GH_SERVICES_BLOG_ADDRESSES_H

#include "base/arena.h"
#include "platform/core/service.h"

/* Would "/slug/" of the blog never reach a page of that name? blog NULL, or without a platform (in tests): no. */
bool blog_is_own_address(struct arena *a, const struct service_instance *blog, struct str slug);

#endif
