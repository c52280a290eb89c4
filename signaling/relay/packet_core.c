/* The hot path of the relay in C: receive, decrypt, patch the header, encrypt, send. See packet_core.py for what
 * it promises and python_core.py for the same in Python.
 *
 * One thread receives and forwards; it does not need Python's interpreter. One lock guards everything: the thread
 * holds it for a burst, the callers for moments. Packets of one burst to one receiver leave as a train (UDP GSO):
 * most of the cost of a packet is the kernel's way of sending it. libsrtp's functions come as addresses, from the
 * library that pylibsrtp brings. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "packet_core.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum {
    MAX_DATAGRAM = 1500,
    MAX_PACKET = 2048, /* with our header and the tag of SRTP */
    BURST = 64,
    MAX_SEGMENTS = 40,
    MAX_TRAIN = 60000,
    MAX_PADDING = 64, /* bytes added to a packet so that a train has equal parts */
    TRAINS = 64,
    CACHE_PACKETS = 1024,
    EVENTS_WAITING = 4096,
    DATA_EVENTS_WAITING = 1024,
    OLDEST_KEPT = 0x4000,
    BUCKETS = 4096,
    SOCKET_BUFFER = 4 * 1024 * 1024,
};
enum { OPUS = 0, VP8 = 1, H264 = 2, RED = 3, NONE = 255 };
static const uint64_t NTP_EPOCH_OFFSET_S = 2208988800ULL;

typedef int (*srtp_function)(void *session, void *packet, int *size);

/* --- numbers to things ------------------------------------------------------------------------------------ */

typedef struct node {
    uint64_t key;
    void *value;
    struct node *next;
} node;

typedef struct {
    node *buckets[BUCKETS];
} table;

static unsigned bucket_of(uint64_t key) { return (unsigned)((key * 0x9E3779B97F4A7C15ULL) >> 52) % BUCKETS; }

static void *get(const table *t, uint64_t key) {
    for (const node *n = t->buckets[bucket_of(key)]; n; n = n->next)
        if (n->key == key) return n->value;
    return NULL;
}

static void drop(table *t, uint64_t key) {
    for (node **n = &t->buckets[bucket_of(key)]; *n; n = &(*n)->next)
        if ((*n)->key == key) {
            node *gone = *n;
            *n = gone->next;
            free(gone);
            return;
        }
}

static void put(table *t, uint64_t key, void *value) {
    drop(t, key);
    node *n = malloc(sizeof *n);
    if (!n) return;
    unsigned b = bucket_of(key);
    *n = (node){key, value, t->buckets[b]};
    t->buckets[b] = n;
}

/* --- what there is ---------------------------------------------------------------------------------------- */

typedef struct source source;
typedef struct output output;

/* Of the socket's own family; an IPv6 one reaches IPv4 too, by mapped addresses (RFC 4291 section 2.5.5.2). */
typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} endpoint;

typedef struct {
    int number;
    endpoint address;
    int has_address;
    void *receive, *send; /* libsrtp's sessions; the caller keeps them alive */
} peer;

typedef struct {
    int is_there;
    uint16_t sequence_number, size, capacity;
    uint32_t timestamp;
    uint8_t marker, payload_type;
    uint8_t *payload;
} cached;

struct source {
    int number;
    peer *owner;
    core_source_description what;
    output **takers;
    int taker_count, taker_capacity;
    cached *cache;
};

struct output {
    int number;
    peer *owner;
    core_output_description what;
    source *from, *wanted;
    int last_source;
    int has_begun, takes_copies;
    uint16_t sequence_offset, last_sequence_number, first_sequence_number, rtx_sequence_number;
    uint32_t timestamp_offset, last_timestamp;
    int64_t last_at_us;
    int picture_id_offset, tl0_pic_idx_offset, last_picture_id, last_tl0_pic_idx;
    long long packets, octets;
};

/* One decrypted packet of a burst. */
typedef struct {
    source *from;
    uint16_t sequence_number, size;
    uint32_t timestamp;
    uint8_t marker, payload_type, codec, is_key_frame;
    int level; /* the whole byte; -1: none */
    int latest_at; /* of RED: where its latest packet is */
    uint8_t latest_type; /* and that one's payload type */
    int picture_id_at, picture_id, tl0_pic_idx_at, tl0_pic_idx;
    uint8_t *payload;
} packet;

typedef struct {
    endpoint address;
    int size, segment, segments, is_sound;
    uint8_t *data;
    union {
        char bytes[CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control;
} train;

struct core {
    srtp_function protect, unprotect, protect_rtcp, unprotect_rtcp;
    pthread_mutex_t lock;
    pthread_t thread;
    int is_running, socket, family, wake, stop, has_gso, sound_tos;
    uint64_t address_seed;
    table peers, by_address, sources, by_ssrc, outputs;
    core_counts counts;
    core_event *events;
    unsigned event_head, event_tail;
    core_arrival *arrivals;
    unsigned arrival_head, arrival_tail;
    train trains[TRAINS];
    int train_count;
    uint8_t *train_bytes;
    uint32_t abs_send_time;
};

static socklen_t endpoint_size(const core *c) {
    return c->family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static endpoint endpoint_of(const core *c, const uint8_t address[16], int port) {
    endpoint e;
    memset(&e, 0, sizeof e);
    if (c->family == AF_INET6) {
        e.v6.sin6_family = AF_INET6, e.v6.sin6_port = htons((uint16_t)port);
        memcpy(&e.v6.sin6_addr, address, 16);
    } else {
        e.v4.sin_family = AF_INET, e.v4.sin_port = htons((uint16_t)port);
        memcpy(&e.v4.sin_addr, address + 12, 4);
    }
    return e;
}

static int is_same(const core *c, const endpoint *a, const endpoint *b) {
    if (c->family == AF_INET6)
        return a->v6.sin6_port == b->v6.sin6_port && !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, 16);
    return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

/* IPv6 does not fit in a key: it is mixed with a seed that nobody outside knows. */
static uint64_t address_key(const core *c, const endpoint *e) {
    if (c->family != AF_INET6) return (uint64_t)ntohl(e->v4.sin_addr.s_addr) << 16 | ntohs(e->v4.sin_port);
    uint64_t words[3] = {0, 0, e->v6.sin6_port}, key = c->address_seed;
    memcpy(words, &e->v6.sin6_addr, 16);
    for (int i = 0; i < 3; i++) key = (key ^ words[i]) * 0x9E3779B97F4A7C15ULL, key ^= key >> 29;
    return key;
}

static peer *peer_at(const core *c, const endpoint *from) {
    peer *p = get(&c->by_address, address_key(c, from));
    return p && is_same(c, &p->address, from) ? p : NULL;
}
static uint64_t ssrc_key(const peer *p, uint32_t ssrc) { return (uint64_t)(unsigned)p->number << 32 | ssrc; }

static uint16_t read16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t read32(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | p[2] << 8 | p[3]; }
static void write16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)(v >> 8), p[1] = (uint8_t)v; }
static void write32(uint8_t *p, uint32_t v) { write16(p, (uint16_t)(v >> 16)), write16(p + 2, (uint16_t)v); }

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint32_t abs_send_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t seconds = (uint64_t)t.tv_sec + NTP_EPOCH_OFFSET_S;
    return (uint32_t)((seconds << 18 | (uint64_t)t.tv_nsec * 262144 / 1000000000) & 0xFFFFFF);
}

static int is_newer(uint16_t a, uint16_t b) { return a != b && (uint16_t)(a - b) < 0x8000; }

/* --- events ----------------------------------------------------------------------------------------------- */

static void wake(core *c) {
    uint64_t one = 1;
    if (write(c->wake, &one, sizeof one) < 0) return; /* it is full, so it is awake */
}

static void push_event(core *c, int kind, int number, const endpoint *from, const uint8_t *data, int size) {
    if (c->event_tail - c->event_head >= DATA_EVENTS_WAITING) {
        c->counts.events_dropped++;
        return;
    }
    core_event *e = &c->events[c->event_tail++ % DATA_EVENTS_WAITING];
    e->kind = kind, e->peer = number, e->size = size;
    if (c->family == AF_INET6) {
        e->port = ntohs(from->v6.sin6_port);
        memcpy(e->address, &from->v6.sin6_addr, 16);
    } else {
        e->port = ntohs(from->v4.sin_port);
        memset(e->address, 0, 10), memset(e->address + 10, 0xFF, 2);
        memcpy(e->address + 12, &from->v4.sin_addr, 4);
    }
    memcpy(e->data, data, (size_t)size);
    wake(c);
}

static void push_arrival(core *c, const core_arrival *arrival) {
    if (c->arrival_tail - c->arrival_head >= EVENTS_WAITING) {
        c->counts.events_dropped++;
        return;
    }
    c->arrivals[c->arrival_tail++ % EVENTS_WAITING] = *arrival;
    if (c->arrival_tail - c->arrival_head == EVENTS_WAITING / 2) wake(c);
}

/* --- what is read of a packet ----------------------------------------------------------------------------- */

typedef struct {
    uint8_t marker, payload_type;
    uint16_t sequence_number;
    uint32_t timestamp, ssrc;
    int payload_at, payload_end, extensions_at, extensions_end, element_header; /* 0: none that we read */
} rtp_header;

static int parse_rtp(const uint8_t *data, int size, rtp_header *h) {
    if (size < 12 || data[0] >> 6 != 2) return 0;
    int at = 12 + 4 * (data[0] & 15), end = size;
    memset(h, 0, sizeof *h);
    if (data[0] & 0x20) {
        if (data[size - 1] == 0) return 0;
        end -= data[size - 1];
    }
    if (data[0] & 0x10) {
        if (at + 4 > end) return 0;
        int profile = read16(data + at), length = 4 * read16(data + at + 2);
        at += 4;
        if (at + length > end) return 0;
        h->element_header = profile == 0xBEDE ? 1 : profile >> 4 == 0x100 ? 2 : 0;
        h->extensions_at = at, h->extensions_end = at + length;
        at += length;
        /* As in Python a packet with a broken element is refused as a whole. */
        for (int i = h->extensions_at; h->element_header && i < h->extensions_end;) {
            if (data[i] == 0) {
                i++;
                continue;
            }
            int n;
            if (h->element_header == 1) {
                if (data[i] >> 4 == 15) break;
                n = (data[i] & 15) + 1;
            } else {
                if (i + 1 >= h->extensions_end) return 0;
                n = data[i + 1];
            }
            i += h->element_header;
            if (i + n > h->extensions_end) return 0;
            i += n;
        }
    }
    if (at > end) return 0;
    h->marker = data[1] >> 7, h->payload_type = data[1] & 127;
    h->sequence_number = read16(data + 2), h->timestamp = read32(data + 4), h->ssrc = read32(data + 8);
    h->payload_at = at, h->payload_end = end;
    return 1;
}

/* Where the data of an element is, if it has this length; else -1. The elements were checked by parse_rtp. */
static int find_element(const uint8_t *data, const rtp_header *h, int id, int length) {
    int found = -1;
    for (int i = h->extensions_at; id && h->element_header && i < h->extensions_end;) {
        if (data[i] == 0) {
            i++;
            continue;
        }
        int number = h->element_header == 1 ? data[i] >> 4 : data[i];
        if (h->element_header == 1 && number == 15) break;
        int n = h->element_header == 1 ? (data[i] & 15) + 1 : data[i + 1];
        i += h->element_header;
        if (number == id) found = n == length ? i : -1;
        i += n;
    }
    return found;
}

static int is_sound(const packet *p) { return p->codec == OPUS || p->codec == RED; }

/* Of RED (RFC 2198 section 3): where its latest packet is; the blocks get the numbers that receivers know. False
 * where a block is no Opus or longer than the packet, or nothing is left for the latest. */
static int parse_red(packet *p) {
    const core_source_description *what = &p->from->what;
    int at = 0, copies = 0;
    for (; at < p->size && p->payload[at] & 0x80; at += 4) {
        if (at + 4 > p->size) return 0;
        copies += read16(p->payload + at + 2) & 0x3FF;
    }
    p->latest_at = at + 1 + copies;
    if (p->latest_at >= p->size) return 0;
    for (int block = 0; block <= at; block += 4) {
        uint8_t type = p->payload[block] & 127;
        if (what->outgoing[type] == NONE || what->codec[type] != OPUS) return 0;
        p->payload[block] = (uint8_t)((p->payload[block] & 0x80) | what->outgoing[type]);
        p->latest_type = type;
    }
    return 1;
}

static void parse_vp8(packet *p) {
    const uint8_t *d = p->payload;
    int at = 0, end = p->size;
    p->picture_id_at = p->tl0_pic_idx_at = -1;
    if (end < 1) return;
    int starts_frame = (d[0] & 0x17) == 0x10, is_extended = d[0] & 0x80;
    at = 1;
    if (is_extended) {
        if (at >= end) return;
        int flags = d[at++];
        if (flags & 0x80) {
            if (at + 2 <= end && d[at] & 0x80) {
                p->picture_id_at = at, p->picture_id = read16(d + at) & 0x7FFF;
                at += 2;
            } else
                at++;
        }
        if (flags & 0x40) {
            if (at < end) p->tl0_pic_idx_at = at, p->tl0_pic_idx = d[at];
            at++;
        }
        if (flags & 0x30) at++;
    }
    p->is_key_frame = starts_frame && at < end && !(d[at] & 1);
}

static int is_h264_key_frame(const uint8_t *d, int end) {
    if (end < 1) return 0;
    int kind = d[0] & 31;
    if (kind == 24) {
        for (int at = 1; at + 3 <= end; at += 2 + read16(d + at))
            if ((d[at + 2] & 31) == 5 || (d[at + 2] & 31) == 7) return 1;
        return 0;
    }
    if (kind == 28) return end >= 2 && d[1] & 0x80 && ((d[1] & 31) == 5 || (d[1] & 31) == 7);
    return kind == 5 || kind == 7;
}

/* --- sending ---------------------------------------------------------------------------------------------- */

static void send_one(core *c, const endpoint *to, const uint8_t *data, int size) {
    if (sendto(c->socket, data, (size_t)size, MSG_DONTWAIT, &to->any, endpoint_size(c)) < 0)
        c->counts.send_failures++;
}

static void add_control(struct msghdr *m, char *room, int level, int type, const void *value, size_t size) {
    struct cmsghdr *h = (struct cmsghdr *)(room + m->msg_controllen);
    h->cmsg_level = level, h->cmsg_type = type, h->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(h), value, size);
    m->msg_control = room, m->msg_controllen += CMSG_SPACE(size);
}

/* The message that sends `size` bytes of a train from `at` on. */
static struct msghdr message_of(const core *c, train *t, struct iovec *piece, int at, int size) {
    *piece = (struct iovec){t->data + at, (size_t)size};
    struct msghdr m = {.msg_name = &t->address, .msg_namelen = endpoint_size(c), .msg_iov = piece, .msg_iovlen = 1};
    int is_ipv6 = c->family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&t->address.v6.sin6_addr);
    uint16_t segment = (uint16_t)t->segment;
    if (size > t->segment && t->segments > 1) add_control(&m, t->control.bytes, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment);
    if (t->is_sound)
        add_control(&m, t->control.bytes, is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, is_ipv6 ? IPV6_TCLASS : IP_TOS,
                    &c->sound_tos, sizeof c->sound_tos);
    return m;
}

static void send_piece(core *c, train *t, int at, int size) {
    struct iovec piece;
    struct msghdr m = message_of(c, t, &piece, at, size);
    if (sendmsg(c->socket, &m, MSG_DONTWAIT) < 0) c->counts.send_failures++;
}

static void send_in_pieces(core *c, train *t) {
    for (int at = 0; at < t->size; at += t->segment)
        send_piece(c, t, at, t->size - at < t->segment ? t->size - at : t->segment);
}

static void flush(core *c) {
    struct mmsghdr messages[TRAINS];
    struct iovec pieces[TRAINS];
    int count = c->train_count;
    c->train_count = 0;
    for (int i = 0; i < count; i++) {
        messages[i].msg_hdr = message_of(c, &c->trains[i], &pieces[i], 0, c->trains[i].size);
    }
    for (int i = 0; i < count;) {
        int sent = sendmmsg(c->socket, messages + i, (unsigned)(count - i), MSG_DONTWAIT);
        if (sent > 0) {
            i += sent;
            continue;
        }
        if (errno == EINTR) continue;
        if (c->trains[i].segments > 1 && (errno == EIO || errno == EINVAL || errno == EMSGSIZE)) {
            if (errno == EIO) c->has_gso = 0; /* a device without it; else one train too large for its path */
            send_in_pieces(c, &c->trains[i]);
        } else
            c->counts.send_failures++;
        i++;
    }
}

/* The outgoing packet in `data`, encrypted; its size, or 0. */
static int write_packet(core *c, output *o, const packet *p, uint16_t sequence_number, uint32_t timestamp,
                        int rtx_payload_type, int padding, uint8_t *data) {
    int at = o->what.header_size, size;
    memcpy(data, o->what.header, (size_t)at);
    uint8_t payload_type = p->from->what.outgoing[p->payload_type];
    uint32_t ssrc = o->what.ssrc;
    if (rtx_payload_type >= 0) {
        write16(data + at, sequence_number);
        at += 2;
        payload_type = (uint8_t)rtx_payload_type, ssrc = (uint32_t)o->what.rtx_ssrc;
        sequence_number = o->rtx_sequence_number++;
    }
    memcpy(data + at, p->payload, p->size);
    size = at + p->size;
    if (padding) {
        data[0] |= 0x20;
        memset(data + size, 0, (size_t)padding);
        size += padding;
        data[size - 1] = (uint8_t)padding;
    }
    data[1] = (uint8_t)(p->marker << 7 | payload_type);
    write16(data + 2, sequence_number), write32(data + 4, timestamp), write32(data + 8, ssrc);
    uint8_t *t = data + o->what.abs_send_time_at;
    t[0] = (uint8_t)(c->abs_send_time >> 16), t[1] = (uint8_t)(c->abs_send_time >> 8), t[2] = (uint8_t)c->abs_send_time;
    if (p->level >= 0 && o->what.audio_level_at >= 0) data[o->what.audio_level_at] = (uint8_t)p->level;
    if (p->codec == VP8) {
        if (p->picture_id_at >= 0) {
            int id = (p->picture_id + o->picture_id_offset) & 0x7FFF;
            write16(data + at + p->picture_id_at, (uint16_t)(0x8000 | id));
            int step = (id - o->last_picture_id) & 0x7FFF;
            if (o->last_picture_id < 0 || (step && step < 0x4000)) o->last_picture_id = id;
        }
        if (p->tl0_pic_idx_at >= 0) {
            int idx = (p->tl0_pic_idx + o->tl0_pic_idx_offset) & 0xFF;
            data[at + p->tl0_pic_idx_at] = (uint8_t)idx;
            int step = (idx - o->last_tl0_pic_idx) & 0xFF;
            if (o->last_tl0_pic_idx < 0 || (step && step < 0x80)) o->last_tl0_pic_idx = idx;
        }
    }
    return c->protect(o->owner->send, data, &size) ? 0 : size;
}

/* --- routes ----------------------------------------------------------------------------------------------- */

static void take_off(source *s, output *o) {
    for (int i = 0; i < s->taker_count; i++)
        if (s->takers[i] == o) {
            memmove(&s->takers[i], &s->takers[i + 1], sizeof *s->takers * (size_t)(s->taker_count - i - 1));
            s->taker_count--;
            return;
        }
}

static int take_on(source *s, output *o) {
    if (s->taker_count == s->taker_capacity) {
        int capacity = s->taker_capacity ? 2 * s->taker_capacity : 8;
        output **grown = realloc(s->takers, sizeof *grown * (size_t)capacity);
        if (!grown) return 0;
        s->takers = grown, s->taker_capacity = capacity;
    }
    s->takers[s->taker_count++] = o;
    return 1;
}

/* True if the output takes this source from this packet on. */
static int begin(output *o, const packet *p, int64_t at_us) {
    if (!is_sound(p) && !p->is_key_frame) return 0;
    if (o->from) take_off(o->from, o);
    o->from = p->from, o->wanted = NULL, o->last_source = p->from->number;
    uint16_t next = (uint16_t)o->what.first_sequence_number;
    uint32_t next_timestamp = o->what.first_timestamp;
    if (o->has_begun) {
        int64_t elapsed = (at_us - o->last_at_us) * p->from->what.clock_rate_hz[p->payload_type] / 1000000;
        next = (uint16_t)(o->last_sequence_number + 1);
        next_timestamp = o->last_timestamp + (uint32_t)(elapsed > 1 ? elapsed : 1);
    }
    o->has_begun = 1;
    o->first_sequence_number = next;
    o->last_sequence_number = (uint16_t)(next - 1);
    o->sequence_offset = (uint16_t)(next - p->sequence_number);
    o->timestamp_offset = next_timestamp - p->timestamp;
    if (p->codec == VP8 && o->last_picture_id >= 0) {
        o->picture_id_offset = o->last_picture_id + 1 - p->picture_id;
        o->tl0_pic_idx_offset = o->last_tl0_pic_idx + 1 - p->tl0_pic_idx;
    }
    return 1;
}

/* True if the packet goes out, with its numbers. */
static int map(output *o, const packet *p, int64_t at_us, uint16_t *sequence_number, uint32_t *timestamp) {
    *sequence_number = (uint16_t)(p->sequence_number + o->sequence_offset);
    *timestamp = p->timestamp + o->timestamp_offset;
    if (is_newer(*sequence_number, o->last_sequence_number))
        o->last_sequence_number = *sequence_number, o->last_timestamp = *timestamp, o->last_at_us = at_us;
    uint16_t since_first = (uint16_t)(*sequence_number - o->first_sequence_number);
    if (since_first >= 0x8000) return 0; /* from before the key frame at which this output began */
    if (since_first > OLDEST_KEPT) o->first_sequence_number = (uint16_t)(*sequence_number - OLDEST_KEPT / 2);
    return 1;
}

static void keep(source *s, const packet *p) {
    if (!s->cache && !(s->cache = calloc(CACHE_PACKETS, sizeof *s->cache))) return;
    cached *slot = &s->cache[p->sequence_number % CACHE_PACKETS];
    if (slot->capacity < p->size) {
        uint8_t *grown = realloc(slot->payload, p->size);
        slot->is_there = 0;
        if (!grown) return;
        slot->payload = grown, slot->capacity = p->size;
    }
    slot->is_there = 1;
    slot->sequence_number = p->sequence_number, slot->timestamp = p->timestamp;
    slot->marker = p->marker, slot->payload_type = p->payload_type, slot->size = p->size;
    if (p->size) memcpy(slot->payload, p->payload, p->size);
}

/* How many of the packets from `first` on leave as one train, and the payload that each is padded to. */
static int train_length(const core *c, const packet *packets, int first, int count, int *padded_to) {
    int largest = packets[first].size, smallest = largest, n = 1;
    *padded_to = 0;
    if (!c->has_gso) return 1;
    for (; first + n < count && n < MAX_SEGMENTS; n++) {
        int size = packets[first + n].size;
        int new_largest = size > largest ? size : largest, new_smallest = size < smallest ? size : smallest;
        if (new_largest - new_smallest > MAX_PADDING) {
            if (size < largest) n++; /* a shorter one may be the last */
            break;
        }
        largest = new_largest, smallest = new_smallest;
    }
    *padded_to = largest;
    return n;
}

static void forward_to(core *c, output *o, const packet *packets, int count, int64_t at_us) {
    if (!o->owner->send || !o->owner->has_address) return;
    for (int first = 0; first < count;) {
        int padded_to, length = train_length(c, packets, first, count, &padded_to);
        if (c->train_count == TRAINS) flush(c);
        train *t = &c->trains[c->train_count];
        t->data = c->train_bytes + (size_t)c->train_count * (MAX_TRAIN + MAX_PACKET);
        t->address = o->owner->address, t->size = t->segment = t->segments = 0;
        t->is_sound = is_sound(&packets[first]);
        for (int i = first; i < first + length; i++) {
            const packet *p = &packets[i];
            uint16_t sequence_number;
            uint32_t timestamp;
            if (o->from != p->from && !begin(o, p, at_us)) continue;
            if (!map(o, p, at_us, &sequence_number, &timestamp)) continue;
            /* The last one may be shorter; one that is much shorter is always the last. */
            int padding = i + 1 < first + length ? padded_to - p->size : 0;
            if (padding < 0 || padding > MAX_PADDING) padding = 0;
            int size = write_packet(c, o, p, sequence_number, timestamp, -1, padding, t->data + t->size);
            if (!size) continue;
            if (!t->segments) t->segment = size;
            t->size += size, t->segments++;
            o->packets++, o->octets += p->size, c->counts.forwarded++, c->counts.sent_bytes += size;
            /* What did not come out equal, as the first of a burst was left out, ends the train. */
            if (size != t->segment || t->size > MAX_TRAIN) {
                length = i + 1 - first;
                break;
            }
        }
        if (t->segments > 1 && t->size > t->segments * t->segment) { /* the last is larger: not a train */
            int last = t->size - (t->segments - 1) * t->segment;
            int last_at = t->size -= last;
            if (t->size) send_in_pieces(c, t);
            t->segments = 1;
            send_piece(c, t, last_at, last);
        } else if (t->segments)
            c->train_count++;
        first += length;
    }
}

static void forward(core *c, const packet *packets, int count) {
    source *s = packets[0].from;
    int64_t at_us = now_us();
    packet without_copies[BURST];
    const packet *bare = packets;
    for (int i = 0; i < count; i++) {
        if (packets[i].codec != RED) continue;
        if (bare == packets) bare = memcpy(without_copies, packets, sizeof *packets * (size_t)count);
        packet *p = &without_copies[i];
        p->payload += p->latest_at, p->size = (uint16_t)(p->size - p->latest_at), p->payload_type = p->latest_type;
    }
    /* An output that begins leaves the list of another source, so this one stays as it is. */
    for (int i = 0; i < s->taker_count; i++)
        forward_to(c, s->takers[i], s->takers[i]->takes_copies ? packets : bare, count, at_us);
}

/* --- receiving -------------------------------------------------------------------------------------------- */

/* Decrypt and read one datagram; true if `p` is to be forwarded. */
static int take_media(core *c, const endpoint *from, uint8_t *data, int size, packet *p) {
    peer *owner = peer_at(c, from);
    if (!owner || !owner->receive || size < 8) {
        c->counts.refused++;
        return 0;
    }
    if (data[1] >= 192 && data[1] <= 223) { /* RFC 5761 section 4 */
        if (c->unprotect_rtcp(owner->receive, data, &size))
            c->counts.refused++;
        else
            push_event(c, 1, owner->number, from, data, size);
        return 0;
    }
    rtp_header h;
    if (size < 12 || c->unprotect(owner->receive, data, &size) || !parse_rtp(data, size, &h)) {
        c->counts.refused++;
        return 0;
    }
    source *s = get(&c->by_ssrc, ssrc_key(owner, h.ssrc));
    if (!s) {
        push_event(c, 2, owner->number, from, data, size);
        return 0;
    }
    const core_source_description *what = &s->what;
    uint8_t is_rtx = h.ssrc != what->ssrc;
    if (is_rtx && what->repeats[h.payload_type] != NONE && h.payload_end - h.payload_at > 2) {
        h.sequence_number = read16(data + h.payload_at);
        h.payload_at += 2;
        h.payload_type = what->repeats[h.payload_type];
    }
    *p = (packet){.from = s,
                  .sequence_number = h.sequence_number,
                  .size = (uint16_t)(h.payload_end - h.payload_at),
                  .timestamp = h.timestamp,
                  .marker = h.marker,
                  .payload_type = h.payload_type,
                  .codec = what->outgoing[h.payload_type] == NONE ? NONE : what->codec[h.payload_type],
                  .level = -1,
                  .payload = data + h.payload_at};
    if (p->codec == VP8)
        parse_vp8(p);
    else if (p->codec == H264)
        p->is_key_frame = (uint8_t)is_h264_key_frame(p->payload, p->size);
    else if (p->codec == RED && !parse_red(p)) {
        c->counts.refused++;
        return 0;
    }
    int at = find_element(data, &h, what->audio_level_id, 1);
    if (at >= 0) p->level = data[at];
    int transport_at = find_element(data, &h, what->transport_cc_id, 2);
    core_arrival arrival = {
        .at_us = now_us(),
        .source = s->number,
        .timestamp = h.timestamp,
        .size_bytes = size,
        .transport_sequence_number = transport_at >= 0 ? read16(data + transport_at) : -1,
        .audio_level = p->level >= 0 ? p->level & 127 : -1,
        .sequence_number = h.sequence_number,
        .is_key_frame = p->is_key_frame,
        .is_rtx = is_rtx,
    };
    push_arrival(c, &arrival);
    if (p->codec == NONE || (is_rtx && !p->size)) return 0;
    if (!is_sound(p)) keep(s, p);
    return 1;
}

static void take_burst(core *c, struct mmsghdr *messages, endpoint *from, uint8_t (*data)[MAX_PACKET], int count) {
    packet packets[BURST];
    int ready = 0;
    c->abs_send_time = abs_send_time();
    for (int i = 0; i < count; i++) {
        int size = (int)messages[i].msg_len;
        c->counts.received++, c->counts.received_bytes += size;
        if (size < 1 || size > MAX_DATAGRAM) {
            c->counts.refused++;
            continue;
        }
        if (data[i][0] < 128 || data[i][0] > 191) {
            push_event(c, 0, 0, &from[i], data[i], size);
            continue;
        }
        if (!take_media(c, &from[i], data[i], size, &packets[ready])) continue;
        if (ready && packets[0].from != packets[ready].from) { /* another source: what waits goes first */
            packet next = packets[ready];
            forward(c, packets, ready);
            packets[0] = next, ready = 0;
        }
        ready++;
    }
    if (ready) forward(c, packets, ready);
    flush(c);
}

static void *run(void *argument) {
    core *c = argument;
    struct mmsghdr messages[BURST];
    struct iovec pieces[BURST];
    endpoint from[BURST];
    uint8_t(*data)[MAX_PACKET] = malloc(sizeof *data * BURST);
    if (!data) return NULL;
    struct pollfd waiting[2] = {{c->socket, POLLIN, 0}, {c->stop, POLLIN, 0}};
    for (;;) {
        if (poll(waiting, 2, -1) < 0 && errno != EINTR) break;
        if (waiting[1].revents) break; /* asked before each burst: a flood does not keep the thread alive */
        for (int i = 0; i < BURST; i++) {
            pieces[i] = (struct iovec){data[i], MAX_PACKET};
            memset(&messages[i], 0, sizeof messages[i]);
            messages[i].msg_hdr = (struct msghdr){
                .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &pieces[i], .msg_iovlen = 1};
        }
        int count = recvmmsg(c->socket, messages, BURST, MSG_DONTWAIT, NULL);
        if (count <= 0) continue; /* nothing there, or an ICMP error that an earlier send brought */
        pthread_mutex_lock(&c->lock);
        take_burst(c, messages, from, data, count);
        pthread_mutex_unlock(&c->lock);
    }
    free(data);
    return NULL;
}

/* --- for the caller --------------------------------------------------------------------------------------- */

core *core_new(size_t protect, size_t unprotect, size_t protect_rtcp, size_t unprotect_rtcp) {
    core *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->protect = (srtp_function)protect, c->unprotect = (srtp_function)unprotect;
    c->protect_rtcp = (srtp_function)protect_rtcp, c->unprotect_rtcp = (srtp_function)unprotect_rtcp;
    c->events = malloc(sizeof *c->events * DATA_EVENTS_WAITING);
    c->arrivals = malloc(sizeof *c->arrivals * EVENTS_WAITING);
    c->train_bytes = malloc((size_t)TRAINS * (MAX_TRAIN + MAX_PACKET));
    c->socket = -1, c->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), c->stop = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&c->lock, NULL);
    if (!c->events || !c->arrivals || !c->train_bytes || c->wake < 0 || c->stop < 0) {
        core_free(c);
        return NULL;
    }
    return c;
}

int core_bind(core *c, const char *host, int port, int sound_dscp, int other_dscp) {
    uint8_t bytes[16] = {0};
    c->family = strchr(host, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(c->family, host, c->family == AF_INET6 ? bytes : bytes + 12) != 1) return -EINVAL;
    endpoint address = endpoint_of(c, bytes, port);
    socklen_t length = endpoint_size(c);
    int size = SOCKET_BUFFER, no = 0;
    if (getrandom(&c->address_seed, sizeof c->address_seed, 0) < 0) return -errno;
    int s = socket(c->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0) return -errno;
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    int other_tos = other_dscp << 2;
    c->sound_tos = sound_dscp << 2;
    setsockopt(s, IPPROTO_IP, IP_TOS, &other_tos, sizeof other_tos);
    if (c->family == AF_INET6) {
        setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
        setsockopt(s, IPPROTO_IPV6, IPV6_TCLASS, &other_tos, sizeof other_tos);
    }
    if (bind(s, &address.any, length) || getsockname(s, &address.any, &length)) {
        int error = errno;
        close(s);
        return -error;
    }
    int none = 0;
    c->has_gso = setsockopt(s, SOL_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
    c->socket = s;
    int error = pthread_create(&c->thread, NULL, run, c);
    if (error) return -error;
    c->is_running = 1;
    return ntohs(c->family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

int core_fileno(core *c) { return c->socket < 0 ? -1 : c->wake; }

int core_take_event(core *c, core_event *event) {
    int there = 0;
    pthread_mutex_lock(&c->lock);
    if (c->event_head != c->event_tail) {
        core_event *e = &c->events[c->event_head++ % DATA_EVENTS_WAITING];
        memcpy(event, e, offsetof(core_event, data) + (size_t)e->size);
        there = 1;
    } else {
        uint64_t ignored;
        if (read(c->wake, &ignored, sizeof ignored) < 0) ignored = 0; /* it was not awake */
    }
    pthread_mutex_unlock(&c->lock);
    return there;
}

int core_take_arrivals(core *c, core_arrival *arrivals, int capacity) {
    int n = 0;
    pthread_mutex_lock(&c->lock);
    while (n < capacity && c->arrival_head != c->arrival_tail)
        arrivals[n++] = c->arrivals[c->arrival_head++ % EVENTS_WAITING];
    pthread_mutex_unlock(&c->lock);
    return n;
}

void core_send_to(core *c, const unsigned char *address, int port, const unsigned char *data, int size) {
    endpoint to = endpoint_of(c, address, port);
    pthread_mutex_lock(&c->lock);
    if (c->socket >= 0) send_one(c, &to, data, size);
    pthread_mutex_unlock(&c->lock);
}

void core_add_peer(core *c, int number) {
    pthread_mutex_lock(&c->lock);
    if (!get(&c->peers, (uint64_t)number)) {
        peer *p = calloc(1, sizeof *p);
        if (p) p->number = number, put(&c->peers, (uint64_t)number, p);
    }
    pthread_mutex_unlock(&c->lock);
}

static void forget_address(core *c, peer *p) {
    if (p->has_address && peer_at(c, &p->address) == p) drop(&c->by_address, address_key(c, &p->address));
}

void core_set_address(core *c, int number, const unsigned char *address, int port) {
    pthread_mutex_lock(&c->lock);
    peer *p = get(&c->peers, (uint64_t)number);
    if (p) {
        forget_address(c, p);
        p->address = endpoint_of(c, address, port);
        p->has_address = 1;
        put(&c->by_address, address_key(c, &p->address), p);
    }
    pthread_mutex_unlock(&c->lock);
}

void core_set_keys(core *c, int number, size_t receive, size_t send) {
    pthread_mutex_lock(&c->lock);
    peer *p = get(&c->peers, (uint64_t)number);
    if (p) p->receive = (void *)receive, p->send = (void *)send;
    pthread_mutex_unlock(&c->lock);
}

static void forget_ssrcs(core *c, source *s) {
    if (get(&c->by_ssrc, ssrc_key(s->owner, s->what.ssrc)) == s) drop(&c->by_ssrc, ssrc_key(s->owner, s->what.ssrc));
    if (s->what.rtx_ssrc >= 0 && get(&c->by_ssrc, ssrc_key(s->owner, (uint32_t)s->what.rtx_ssrc)) == s)
        drop(&c->by_ssrc, ssrc_key(s->owner, (uint32_t)s->what.rtx_ssrc));
}

static void remove_source(core *c, source *s) {
    forget_ssrcs(c, s);
    for (int i = 0; i < s->taker_count; i++) {
        if (s->takers[i]->from == s) s->takers[i]->from = NULL;
        if (s->takers[i]->wanted == s) s->takers[i]->wanted = NULL;
    }
    drop(&c->sources, (uint64_t)s->number);
    for (int i = 0; s->cache && i < CACHE_PACKETS; i++) free(s->cache[i].payload);
    free(s->cache), free(s->takers), free(s);
}

static void remove_output(core *c, output *o) {
    if (o->from) take_off(o->from, o);
    if (o->wanted) take_off(o->wanted, o);
    drop(&c->outputs, (uint64_t)o->number);
    free(o);
}

void core_remove_peer(core *c, int number) {
    pthread_mutex_lock(&c->lock);
    peer *p = get(&c->peers, (uint64_t)number);
    if (p) {
        forget_address(c, p);
        for (int b = 0; b < BUCKETS; b++) {
            for (node *n = c->sources.buckets[b], *next; n; n = next) {
                next = n->next;
                if (((source *)n->value)->owner == p) remove_source(c, n->value);
            }
            for (node *n = c->outputs.buckets[b], *next; n; n = next) {
                next = n->next;
                if (((output *)n->value)->owner == p) remove_output(c, n->value);
            }
        }
        drop(&c->peers, (uint64_t)number);
        free(p);
    }
    pthread_mutex_unlock(&c->lock);
}

void core_add_source(core *c, int number, int peer_number, const core_source_description *description) {
    pthread_mutex_lock(&c->lock);
    peer *p = get(&c->peers, (uint64_t)peer_number);
    source *s = get(&c->sources, (uint64_t)number);
    if (p && (!s || s->owner == p)) {
        if (s)
            forget_ssrcs(c, s);
        else if ((s = calloc(1, sizeof *s))) {
            s->number = number, s->owner = p;
            put(&c->sources, (uint64_t)number, s);
        }
        if (s) {
            s->what = *description;
            put(&c->by_ssrc, ssrc_key(p, s->what.ssrc), s);
            if (s->what.rtx_ssrc >= 0) put(&c->by_ssrc, ssrc_key(p, (uint32_t)s->what.rtx_ssrc), s);
        }
    }
    pthread_mutex_unlock(&c->lock);
}

void core_remove_source(core *c, int number) {
    pthread_mutex_lock(&c->lock);
    source *s = get(&c->sources, (uint64_t)number);
    if (s) remove_source(c, s);
    pthread_mutex_unlock(&c->lock);
}

void core_add_output(core *c, int number, const core_output_description *description) {
    pthread_mutex_lock(&c->lock);
    peer *p = get(&c->peers, (uint64_t)description->peer);
    if (p && !get(&c->outputs, (uint64_t)number)) {
        output *o = calloc(1, sizeof *o);
        if (o) {
            o->number = number, o->owner = p, o->what = *description;
            o->last_source = o->last_picture_id = o->last_tl0_pic_idx = -1;
            put(&c->outputs, (uint64_t)number, o);
        }
    }
    pthread_mutex_unlock(&c->lock);
}

void core_remove_output(core *c, int number) {
    pthread_mutex_lock(&c->lock);
    output *o = get(&c->outputs, (uint64_t)number);
    if (o) remove_output(c, o);
    pthread_mutex_unlock(&c->lock);
}

void core_route(core *c, int number, int source_number) {
    pthread_mutex_lock(&c->lock);
    output *o = get(&c->outputs, (uint64_t)number);
    source *wanted = source_number < 0 ? NULL : get(&c->sources, (uint64_t)source_number);
    if (o && (wanted || source_number < 0) && wanted != o->wanted) {
        if (o->wanted) take_off(o->wanted, o);
        o->wanted = NULL;
        if (wanted && wanted != o->from && take_on(wanted, o)) o->wanted = wanted;
    }
    if (o && source_number < 0 && o->from) {
        take_off(o->from, o);
        o->from = NULL;
    }
    pthread_mutex_unlock(&c->lock);
}

void core_take_copies(core *c, int number, int takes) {
    pthread_mutex_lock(&c->lock);
    output *o = get(&c->outputs, (uint64_t)number);
    if (o) o->takes_copies = takes;
    pthread_mutex_unlock(&c->lock);
}

static void resend(core *c, output *o, uint16_t outgoing) {
    source *s = o->from;
    uint16_t number = (uint16_t)(outgoing - o->sequence_offset);
    if (!s->cache || (uint16_t)(outgoing - o->first_sequence_number) >= 0x8000) return;
    const cached *slot = &s->cache[number % CACHE_PACKETS];
    if (!slot->is_there || slot->sequence_number != number || s->what.outgoing[slot->payload_type] == NONE) return;
    packet p = {.from = s,
                .sequence_number = number,
                .size = slot->size,
                .timestamp = slot->timestamp,
                .marker = slot->marker,
                .payload_type = slot->payload_type,
                .codec = s->what.codec[slot->payload_type],
                .level = -1,
                .payload = slot->payload};
    if (p.codec == VP8) parse_vp8(&p);
    int rtx = o->what.rtx_ssrc < 0 ? NONE : o->what.rtx_payload_type[s->what.outgoing[slot->payload_type]];
    uint8_t data[MAX_PACKET];
    if (rtx == NONE) return;
    int size = write_packet(c, o, &p, outgoing, slot->timestamp + o->timestamp_offset, rtx, 0, data);
    if (size) {
        send_one(c, &o->owner->address, data, size);
        c->counts.resent++, c->counts.sent_bytes += size;
    }
}

void core_resend(core *c, int number, const unsigned short *sequence_numbers, int count) {
    pthread_mutex_lock(&c->lock);
    output *o = get(&c->outputs, (uint64_t)number);
    if (o && o->from && o->owner->send && o->owner->has_address) {
        c->abs_send_time = abs_send_time();
        for (int i = 0; i < count; i++) resend(c, o, sequence_numbers[i]);
    }
    pthread_mutex_unlock(&c->lock);
}

void core_send_rtcp(core *c, int number, const unsigned char *data, int size) {
    uint8_t copy[MAX_PACKET];
    if (size < 8 || size > MAX_DATAGRAM) return;
    pthread_mutex_lock(&c->lock);
    peer *p = get(&c->peers, (uint64_t)number);
    if (p && p->send && p->has_address) {
        memcpy(copy, data, (size_t)size);
        if (!c->protect_rtcp(p->send, copy, &size)) send_one(c, &p->address, copy, size);
    }
    pthread_mutex_unlock(&c->lock);
}

core_sent core_get_sent(core *c, int number) {
    core_sent sent = {-1, 0, 0, 0, 0};
    pthread_mutex_lock(&c->lock);
    output *o = get(&c->outputs, (uint64_t)number);
    if (o) sent = (core_sent){o->last_source, o->timestamp_offset, o->packets, o->octets, o->last_sequence_number};
    pthread_mutex_unlock(&c->lock);
    return sent;
}

core_counts core_get_counts(core *c) {
    pthread_mutex_lock(&c->lock);
    core_counts counts = c->counts;
    pthread_mutex_unlock(&c->lock);
    return counts;
}

static void free_table(table *t, int with_values) {
    for (int b = 0; b < BUCKETS; b++)
        for (node *n = t->buckets[b], *next; n; n = next) {
            next = n->next;
            if (with_values) free(n->value);
            free(n);
        }
    memset(t, 0, sizeof *t);
}

void core_close(core *c) {
    if (c->is_running) {
        uint64_t one = 1;
        if (write(c->stop, &one, sizeof one) == sizeof one) pthread_join(c->thread, NULL);
        c->is_running = 0;
    }
    pthread_mutex_lock(&c->lock);
    for (int b = 0; b < BUCKETS; b++)
        while (c->sources.buckets[b]) remove_source(c, c->sources.buckets[b]->value);
    free_table(&c->sources, 0), free_table(&c->by_ssrc, 0), free_table(&c->by_address, 0);
    free_table(&c->outputs, 1), free_table(&c->peers, 1);
    if (c->socket >= 0) close(c->socket);
    c->socket = -1;
    c->event_head = c->event_tail, c->arrival_head = c->arrival_tail;
    pthread_mutex_unlock(&c->lock);
}

void core_free(core *c) {
    core_close(c);
    if (c->wake >= 0) close(c->wake);
    if (c->stop >= 0) close(c->stop);
    pthread_mutex_destroy(&c->lock);
    free(c->events), free(c->arrivals), free(c->train_bytes), free(c);
}
