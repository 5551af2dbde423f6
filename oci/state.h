/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h: ROOT/ID/state.json, which is there while the container is.
 */
#ifndef OCI_STATE_H
#define OCI_STATE_H

#include "host/err.h"
#include "oci/spec.h"

#define STATE_ROOT   "/run/kuni"
#define STATE_ID_MAX 255

/* 0 where id may be the name of a container: 1 to 255 of A-Z a-z 0-9 _ + - .
 * and neither "." nor "..". */
int state_check_id(const char *id, struct err *e) MUST_CHECK;

/* A name for a container that was given none: the last component of the
 * bundle's path, what an ID must not hold replaced, and suffix.  The caller
 * frees. */
char *state_default_id(const char *bundle, const char *suffix);

/* Makes ROOT/ID and its state.json (OCI runtime specification, runtime.md,
 * "State") for this process.  -EEXIST where a container of that name lives;
 * what a killed kuni left behind is taken over.  From then on, signals that
 * end the process remove it; whoever installs other handlers for them calls
 * state_remove().  Once in a process. */
int state_create(const char *root, const char *id, const char *bundle,
		 const struct oci_spec *spec, struct err *e) MUST_CHECK;

/* Removes what state_create() made, if it is still there.  Works from inside
 * any mount namespace; async-signal-safe. */
void state_remove(void);

#endif
