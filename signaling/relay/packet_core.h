/* The hot path of the relay; what it does is said in packet_core.py. All functions may be called from any thread.
 * Read by cffi too: declarations only. */

typedef struct core core;

typedef struct {
    int kind; /* 0: a datagram, 1: RTCP, 2: RTP of an unknown source */
    int peer;
    unsigned char address[16]; /* IPv6, or IPv4 mapped into it, of a datagram */
    int port;
    int size;
    unsigned char data[1500];
} core_event;

typedef struct {
    long long at_us;
    int source;
    unsigned int timestamp;
    int size_bytes;
    int transport_sequence_number;
    int audio_level;
    unsigned short sequence_number;
    unsigned char is_key_frame;
    unsigned char is_rtx;
} core_arrival;

typedef struct {
    unsigned int ssrc;
    long long rtx_ssrc; /* -1: none */
    unsigned char outgoing[128]; /* by incoming payload type; 255: not forwarded */
    unsigned char codec[128];
    unsigned int clock_rate_hz[128];
    unsigned char repeats[128]; /* of a retransmission: what it repeats; 255: no retransmission */
    int transport_cc_id;
    int audio_level_id;
} core_source_description;

typedef struct {
    int peer;
    unsigned int ssrc;
    long long rtx_ssrc;
    unsigned char rtx_payload_type[128]; /* by outgoing payload type; 255: none */
    unsigned char header[64];
    int header_size;
    int abs_send_time_at;
    int audio_level_at; /* -1: none */
    int first_sequence_number;
    unsigned int first_timestamp;
} core_output_description;

typedef struct {
    int source; /* -1: none yet */
    unsigned int timestamp_offset;
    long long packets;
    long long octets;
    unsigned short last_sequence_number;
} core_sent;

typedef struct {
    long long received, forwarded, resent, refused, events_dropped, send_failures, received_bytes, sent_bytes;
} core_counts;

core *core_new(size_t protect, size_t unprotect, size_t protect_rtcp, size_t unprotect_rtcp);
/* The port, or minus errno. Sound is marked with the one DSCP, all else with the other. */
int core_bind(core *c, const char *host, int port, int sound_dscp, int other_dscp);
int core_fileno(core *c); /* -1 where it is not open */
int core_take_event(core *c, core_event *event); /* 1 if there was one */
int core_take_arrivals(core *c, core_arrival *arrivals, int capacity);
void core_send_to(core *c, const unsigned char *address, int port, const unsigned char *data, int size);
void core_add_peer(core *c, int peer);
void core_set_address(core *c, int peer, const unsigned char *address, int port);
void core_set_keys(core *c, int peer, size_t receive, size_t send);
void core_remove_peer(core *c, int peer);
void core_add_source(core *c, int source, int peer, const core_source_description *description);
void core_remove_source(core *c, int source);
void core_add_output(core *c, int output, const core_output_description *description);
void core_remove_output(core *c, int output);
void core_route(core *c, int output, int source); /* -1: none */
void core_take_copies(core *c, int output, int takes);
void core_resend(core *c, int output, const unsigned short *sequence_numbers, int count);
void core_send_rtcp(core *c, int peer, const unsigned char *data, int size);
core_sent core_get_sent(core *c, int output);
core_counts core_get_counts(core *c);
void core_close(core *c); /* ends the thread; what is left holds nothing, and calls about it do nothing */
void core_free(core *c);
