/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_user.h: the back-end side of the vhost-user protocol, as far as QEMU's
 * vhost-user-fs-device needs it.
 *
 * It presents one of our virtio devices to a front end over a connected unix
 * stream socket.  The front end gives the guest's RAM as file descriptors;
 * they are mapped here.  All that comes from the socket is validated: the
 * process behind it is not trusted more than the guest that it runs.
 */
#ifndef HOST_VIRTIO_VHOST_USER_H
#define HOST_VIRTIO_VHOST_USER_H

#include "host/virtio/device.h"

struct vhost_user;

struct vhost_user_ops {
	/* Makes the device over the RAM that the front end will announce. */
	int (*make)(struct virtio_device **out, const struct guest_mem *mem,
		    void *arg);
	void (*destroy)(struct virtio_device *d);
	/* The guest broke the device's rules and the session is over.  The
	 * protocol has no way to tell the guest.  On the session's thread. */
	void (*broken)(void *arg);
};

/* Serves fd (owned from here on) on threads of its own until the peer closes
 * it.  ops->make is called once, before this returns.  Negative errno. */
int vhost_user_create(struct vhost_user **out, int fd,
		      const struct vhost_user_ops *ops, void *arg) MUST_CHECK;
/* Ends the session, which has no use any more, and copies len bytes of the
 * guest's RAM. */
int vhost_user_peek(struct vhost_user *v, uint64_t gpa, void *to,
		    size_t len) MUST_CHECK;
/* Ends the threads and waits for them; unmaps the RAM. */
void vhost_user_destroy(struct vhost_user *v);

#endif
