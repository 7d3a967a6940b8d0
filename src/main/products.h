/* SPDX-License-Identifier: Apache-2.0
 *
 * The catalogue in and out: what `import products` and `export products` do.
 */
#ifndef GH_MAIN_PRODUCTS_H
#define GH_MAIN_PRODUCTS_H

#include "main/command.h"

/* inv->args[1] is the file. ST_INVALID names the line of what can't be taken; then nothing has changed. */
enum status import_products(struct invocation *inv, struct err *e) MUST_CHECK;
/* Writes CSV to standard output. */
enum status export_products(struct invocation *inv, struct err *e) MUST_CHECK;

#endif
