/* SPDX-License-Identifier: Apache-2.0
 *
 * What the list of applications shows.
 */
#ifndef GH_SERVICES_IDENTITY_OAUTH_APPS_H
#define GH_SERVICES_IDENTITY_OAUTH_APPS_H

#include "services/identity/oauth/oauth_device.h"

struct app_view { struct str client, name, since; struct oauth_ask ask; struct consent_view consent; };
struct apps_view { struct app_view *apps; size_t count; struct str removed; };

#endif
