/* SPDX-License-Identifier: Apache-2.0
 *
 * Between conn.c and conn_out.c, the two halves of a transport connection.
 */
#ifndef GH_NET_CONN_OUT_H
#define GH_NET_CONN_OUT_H

#include "net/conn/conn.h"

#define SEG_DATA 4096 /* bytes in a pooled segment */
/* Bytes of a pooled segment with its head, and of a small one: what the pools are made for. */
size_t seg_pool_size(void);
size_t seg_small_size(void);

void conn_again(struct conn *c);                 /* pump and flush once more before the loop waits */
void conn_out_drop(struct conn *c);              /* everything queued */
void conn_out_waits(struct conn *c, bool waits); /* the socket takes no more: start, or stop, the write clock */
void conn_out_done(struct conn *c);              /* the queue is empty */

#endif
