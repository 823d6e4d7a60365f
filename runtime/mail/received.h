/* The trace that a server leaves at the top of a message: Return-Path and Received
 * (RFC 5321, 4.4; protocol names RFC 3848, RFC 6531). */
#ifndef MAIL_RECEIVED_H
#define MAIL_RECEIVED_H

#include "runtime/base/buf.h"
#include "runtime/mail/date.h"

struct received {
	struct view helo; /* as the client named itself */
	struct view peer; /* its IP address: "192.0.2.1", "2001:db8::1"; empty: hidden */
	struct view by;   /* our host name */
	struct view id;   /* ours, of this message */
	struct view recipient; /* empty where there is more than one */
	struct view tls;       /* "TLSv1.3 TLS_AES_256_GCM_SHA384"; empty: plain text */
	bool extended;         /* EHLO */
	bool authenticated;
	bool utf8; /* SMTPUTF8 was asked (RFC 6531, 3.7.3) */
	struct date date;
};

/* Writes the field, folded, ended by CRLF. Octets of the client's that could end a
 * comment or a line become '?'. */
void received_write(struct buf *out, const struct received *received);
/* Writes "Return-Path: <…>" with the reverse path as address_print writes it; both empty:
 * the null path. */
void return_path_write(struct buf *out, struct view local, struct view domain);
/* How many hosts the message has passed: its Received fields. */
size_t received_count(struct view header_block);

#endif
