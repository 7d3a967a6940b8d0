/* SPDX-License-Identifier: Apache-2.0
 *
 * The protocols beside HTTP/1.1 that this program speaks.
 */
#include "net/h2/h2.h"

const struct proto *const net_h2 = &h2_proto;
