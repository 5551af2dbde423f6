// SPDX-License-Identifier: Apache-2.0
//go:build cgo

package main

/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>
#include <stdint.h>
extern void goBack(uintptr_t);
static void *run(void *p) { goBack((uintptr_t)p); return p; }
static int threads(int n) {
	pthread_t t[64];
	int i, sum = 0;
	void *r;
	for (i = 0; i < n; i++)
		if (pthread_create(&t[i], 0, run, (void *)(uintptr_t)i))
			return -1;
	for (i = 0; i < n; i++) {
		pthread_join(t[i], &r);
		sum += (int)(uintptr_t)r;
	}
	return sum;
}
*/
import "C"

import (
	"runtime"
	"sync/atomic"
)

var back int64

//export goBack
func goBack(n C.uintptr_t) {
	runtime.Gosched()
	atomic.AddInt64(&back, int64(n))
}

// cgo calls Go back from 50 threads that C made.
func cgo() string {
	if C.threads(50) != 1225 || atomic.LoadInt64(&back) != 1225 {
		return "wrong"
	}
	return "yes"
}
