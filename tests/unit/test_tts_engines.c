/* rooms: base speech */
/* with: tests/unit/tts_prompt.c */
/* Engines of speech: their voices, commands that behave or not, a service that is kind or not. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <hotlined/text.h>
#include <hotlined/tts.h>

#include "speech/engine.h"

#include "tts_prompt.h"

/* --- voices --------------------------------------------------------------------------------- */

static void add_voice(const struct tts_voice *voice, void *arg)
{
    text_addf(arg, "%s=%s;", voice->code, voice->name);
}

static void TTS_01_voices_are_the_engines_or_those_of_the_configuration(void **state)
{
    struct tts_options own = {"espeak", "", "", ""}, bare = {"http", "", "http://x", ""};
    struct tts_options listed = {"http", "", "http://x", "xiaoyan:小燕,xiaofeng"};
    struct text text = {0};

    (void)state;
    tts_voices(&listed, add_voice, &text);
    assert_string_equal(text.data, "xiaoyan=小燕;xiaofeng=xiaofeng;");
    assert_true(tts_has_voice(&listed, "xiaofeng") && tts_has_voice(&listed, ""));
    assert_false(tts_has_voice(&listed, "xiaoyan:") || tts_has_voice(&listed, "yue"));
    assert_true(tts_has_voice(&own, "yue+f2") && !tts_has_voice(&own, "de"));
    assert_false(tts_has_voice(&bare, "yue"));
    text_done(&text);
}

static void voice_speaks(const struct tts_voice *voice, void *arg)
{
    struct tts_options options = {"espeak", "", "", ""};
    struct tts_request request = {"您好", voice->code, 100, prompt_path};

    (void)arg;
    if (tts_render(&options, &request, prompt_why, sizeof(prompt_why)))
        fail_msg("%s: %s", voice->code, prompt_why);
    assert_true(assert_fit_for_a_telephone() > 0.2);
}

static void TTS_01_built_in_voices_speak(void **state)
{
    struct tts_options options = {"espeak", "", "", ""};

    (void)state;
    tts_voices(&options, voice_speaks, NULL);
}

static void TTS_01_a_command_gets_voice_and_speed(void **state)
{
    char command[200];
    struct tts_options options = {"command", command, "", "zhang:张"};
    struct tts_request request = {"您好", "zhang", 120, prompt_path};
    uint8_t *said;
    size_t size;

    (void)state;
    snprintf(command, sizeof(command), "echo \"$1 $2\" >%s; false", prompt_other);
    assert_int_equal(tts_render(&options, &request, prompt_why, sizeof(prompt_why)), -EIO);
    size = prompt_read_file(prompt_other, &said);
    assert_int_equal(size, strlen("zhang 120\n"));
    assert_memory_equal(said, "zhang 120\n", size);
    free(said);
}

static void an_unknown_engine_is_an_error(void **state)
{
    struct tts_options options = {"parrot", "", ""};

    (void)state;
    begin_with_an_old_file();
    assert_old_file_and_reason(render_with(&options, "您好", 100), -EINVAL,
                               "没有名为“parrot”的语音合成引擎");
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    struct tts_options options = {"espeak", "", ""};
    struct tts_request request = {"您好", "", 100, "/nowhere/at/all.wav"};

    (void)state;
    assert_int_equal(tts_render(&options, &request, prompt_why, sizeof(prompt_why)), -ENOENT);
    assert_non_null(strstr(prompt_why, "无法写入 /nowhere/at/all.wav"));
}

/* --- commands ------------------------------------------------------------------------------- */

static int render_by_command(const char *command)
{
    struct tts_options options = {"command", command, ""};

    return render_with(&options, "您好", 100);
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* A second of 1 kHz. */
static size_t tone(uint8_t *wav, unsigned rate, unsigned channels)
{
    uint32_t bytes = rate * channels * 2;

    memcpy(wav, "RIFF....WAVEfmt ....", 20);
    put32(wav + 4, 36 + bytes);
    put32(wav + 16, 16);
    put32(wav + 20, 1 | channels << 16);
    put32(wav + 24, rate);
    put32(wav + 28, bytes);
    put32(wav + 32, 2 * channels | 16u << 16);
    memcpy(wav + 36, "data", 4);
    put32(wav + 40, bytes);
    for (unsigned i = 0; i < rate * channels; i++) {
        int16_t value = (int16_t)(4000 * sin(2 * M_PI * 1000 * (i / channels) / rate));
        wav[44 + 2 * i] = (uint8_t)value;
        wav[45 + 2 * i] = (uint8_t)(value >> 8);
    }
    return 44 + bytes;
}

static void TTS_01_cat_is_an_engine_at_every_rate(void **state)
{
    static const unsigned rates[] = {8000, 11025, 16000, 22050, 44100, 48000};
    static uint8_t wav[44 + 48000 * 4];
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "cat %s", prompt_other);
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        for (unsigned channels = 1; channels <= 2; channels++) {
            uint8_t *got;
            unsigned crossings = 0;
            prompt_write_file(prompt_other, wav, tone(wav, rates[i], channels));
            assert_int_equal(render_by_command(command), 0);
            assert_true(fabs(assert_fit_for_a_telephone() - 1) < 0.001);
            (void)prompt_read_file(prompt_path, &got);
            for (size_t at = 44 + 200; at < 44 + 15800; at += 2) /* still 1 kHz */
                crossings += (int16_t)(got[at] | got[at + 1] << 8) < 0 &&
                             (int16_t)(got[at + 2] | got[at + 3] << 8) >= 0;
            free(got);
            assert_in_range(crossings, 970, 980);
        }
}

static void the_command_gets_the_text(void **state)
{
    char command[200];
    uint8_t *text;
    size_t size;

    (void)state;
    snprintf(command, sizeof(command), "cat > %s; exit 3", prompt_other);
    begin_with_an_old_file();
    assert_old_file_and_reason(render_by_command(command), -EIO, "/bin/sh 以状态 3 结束");
    size = prompt_read_file(prompt_other, &text);
    assert_int_equal(size, strlen("您好"));
    assert_memory_equal(text, "您好", size);
    free(text);
}

static void commands_that_fail_leave_the_old_file(void **state)
{
    static const struct {
        const char *command;
        int err;
        const char *reason;
    } cases[] = {
        {"exit 1", -EIO, "以状态 1 结束"},
        {"no-such-program-anywhere", -EIO, "以状态 127 结束"},
        {"kill -9 $$", -EIO, "被信号 9 结束"},
        {"true", -EINVAL, "不是 16 位 PCM 的 WAV（0 字节）"},
        {"echo RIFF", -EINVAL, "不是 16 位 PCM 的 WAV"},
        {"cat /bin/sh | head -c 5000", -EINVAL, "不是 16 位 PCM 的 WAV"},
        {"head -c 70000000 /dev/zero", -EFBIG, "语音太长（超过 64 MB）"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin_with_an_old_file();
        assert_old_file_and_reason(render_by_command(cases[i].command), cases[i].err,
                                   cases[i].reason);
    }
}

/* Wrong in every header byte: refused or made fit, never a crash. */
static void broken_wavs_are_survived(void **state)
{
    static uint8_t wav[44 + 8000 * 2];
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "cat %s", prompt_other);
    for (size_t at = 0; at < 44; at += 3)
        for (int value = 0; value < 256; value += 85) {
            size_t size = tone(wav, 8000, 1);
            wav[at] = (uint8_t)value;
            prompt_write_file(prompt_other, wav, size);
            if (render_by_command(command) == 0)
                assert_true(prompt_why[0] == 0);
            else
                assert_true(prompt_why[0] != 0);
        }
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The process whose number the command has written is gone soon. */
static void assert_gone(const char *file)
{
    uint8_t *data;
    size_t size = prompt_read_file(file, &data);
    int64_t until = now_ms() + 5000;
    pid_t pid;

    assert_true(size > 0);
    data[size] = 0;
    pid = (pid_t)atoll((const char *)data);
    free(data);
    assert_true(pid > 1);
    while (kill(pid, 0) == 0 && now_ms() < until) /* init still has to collect it */
        (void)poll(NULL, 0, 5);
    assert_int_equal(kill(pid, 0), -1);
}

static void an_engine_that_hangs_is_ended_with_its_children(void **state)
{
    static const char *const hanging[] = {
        "sleep 100 & echo $! > %s; wait",                              /* says nothing */
        "sleep 100 & echo $! > %s; exec 1>&-; wait",                   /* closes its stdout */
        "(while :; do echo x; sleep 0.02; done) & echo $! > %s; wait", /* always says a little */
    };
    char command[200];

    (void)state;
    tts_timeout_ms = 300;
    for (size_t i = 0; i < 3; i++) {
        int64_t began = now_ms();
        snprintf(command, sizeof(command), hanging[i], prompt_other);
        begin_with_an_old_file();
        assert_old_file_and_reason(render_by_command(command), -ETIMEDOUT, "超时");
        assert_in_range(now_ms() - began, 290, 5000);
        assert_gone(prompt_other);
    }
    tts_timeout_ms = 60000;
}

/* SIGPIPE would end the whole daemon. */
static void an_engine_that_reads_nothing_harms_nobody(void **state)
{
    struct tts_options options = {"command", "exec <&-; exit 4", ""};
    struct text text = {0};

    (void)state;
    while (text.length < 300000)
        text_add(&text, "办税服务厅");
    begin_with_an_old_file();
    assert_old_file_and_reason(render_with(&options, text.data, 100), -EIO, "以状态 4 结束");
    text_done(&text);
}

/* --- a service ------------------------------------------------------------------------------ */

struct service {
    int listener;
    pthread_t thread;
    const void *answer;
    size_t size;
    bool hang; /* keeps the connection open until told otherwise */
    int stop[2];
    char url[64];
    struct text request;
};

/* One connection: reads the request to the end of its body, answers, closes. */
static void *serve(void *arg)
{
    struct service *service = arg;
    int fd = accept(service->listener, NULL, NULL);
    char chunk[4096], *body = NULL;
    size_t expected = 0;
    ssize_t n;

    while (fd >= 0 && (!body || service->request.length < expected) &&
           (n = read(fd, chunk, sizeof(chunk))) > 0) {
        text_add_bytes(&service->request, chunk, (size_t)n);
        body = strstr(service->request.data, "\r\n\r\n");
        if (body)
            expected = (size_t)(body + 4 - service->request.data) +
                       strtoul(strstr(service->request.data, "Content-Length: ") + 16, NULL, 10);
    }
    for (size_t at = 0; at < service->size && (n = send(fd, (const char *)service->answer + at,
                                                        service->size - at, MSG_NOSIGNAL)) > 0;)
        at += (size_t)n;
    if (service->hang)
        (void)!read(service->stop[0], chunk, 1);
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void service_begin(struct service *service, const void *answer, size_t size, bool hang)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t length = sizeof(address);

    memset(service, 0, sizeof(*service));
    service->answer = answer;
    service->size = size;
    service->hang = hang;
    service->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(service->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(service->listener, 1), 0);
    assert_int_equal(getsockname(service->listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(pipe(service->stop), 0);
    snprintf(service->url, sizeof(service->url), "http://127.0.0.1:%d/speak?voice=a",
             ntohs(address.sin_port));
    assert_int_equal(pthread_create(&service->thread, NULL, serve, service), 0);
}

static void service_end(struct service *service)
{
    assert_int_equal(write(service->stop[1], "x", 1), 1);
    assert_int_equal(pthread_join(service->thread, NULL), 0);
    close(service->listener);
    close(service->stop[0]);
    close(service->stop[1]);
    text_done(&service->request);
}

static int render_by(const struct service *service)
{
    struct tts_options options = {"http", "", service->url};

    return render_with(&options, "按1键", 100);
}

static void TTS_01_a_service_gets_the_text_and_gives_the_sound(void **state)
{
    static uint8_t answer[200 + 44 + 16000 * 2];
    struct service service;
    size_t head, size;

    (void)state;
    size = tone(answer + 200, 16000, 1);
    head = (size_t)snprintf((char *)answer, 200,
                            "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length: %zu\r\n\r\n", size);
    memmove(answer + head, answer + 200, size);
    service_begin(&service, answer, head + size, false);
    assert_int_equal(render_by(&service), 0);
    assert_true(fabs(assert_fit_for_a_telephone() - 1) < 0.001);
    assert_memory_equal(service.request.data, "POST /speak?voice=a HTTP/1.0\r\n", 30);
    assert_string_equal(strstr(service.request.data, "\r\n\r\n") + 4, "按一键");
    assert_non_null(strstr(service.request.data, "\r\nX-Voice: \r\nX-Speed: 100\r\n"));
    service_end(&service);
}

static void services_that_fail_leave_the_old_file(void **state)
{
    static const struct {
        const char *answer, *reason;
    } cases[] = {
        {"HTTP/1.1 500 Broken\r\n\r\nsorry", "回答：500 Broken"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "回答：404"},
        {"", "中断了连接"},
        {"HTTP/1.1 200 OK\r\nContent-Le", "中断了连接"},
        {"SSH-2.0-OpenSSH\r\n\r\n", "中断了连接"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nRIFF", "没有传完语音"},
        {"HTTP/1.1 200 OK\r\n\r\n<html>", "不是 16 位 PCM 的 WAV"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct service service;
        int err;
        begin_with_an_old_file();
        service_begin(&service, cases[i].answer, strlen(cases[i].answer), false);
        err = render_by(&service);
        assert_old_file_and_reason(err, i == 6 ? -EINVAL : -EPROTO, cases[i].reason);
        service_end(&service);
    }
}

static void a_service_that_hangs_is_left(void **state)
{
    struct service service;
    int64_t began = now_ms();
    int err;

    (void)state;
    tts_timeout_ms = 1000; /* services are timed in whole seconds */
    begin_with_an_old_file();
    service_begin(&service, "HTTP/1.1 200", 12, true);
    err = render_by(&service);
    assert_old_file_and_reason(err, -ETIMEDOUT, "超时");
    assert_in_range(now_ms() - began, 0, 5000);
    service_end(&service);
    tts_timeout_ms = 60000;
}

static void addresses_without_a_service_are_errors(void **state)
{
    static const char *const urls[] = {"",
                                       "ftp://x/",
                                       "http://",
                                       "http:///x",
                                       "http://a b/",
                                       "http://127.0.0.1:1/",
                                       "https://127.0.0.1:1/"};

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct tts_options options = {"http", "", urls[i]};
        int err;
        begin_with_an_old_file();
        err = render_with(&options, "您好", 100);
        assert_old_file_and_reason(err, i < 5 ? -EINVAL : -ECONNREFUSED, "语音合成服务");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TTS_01_voices_are_the_engines_or_those_of_the_configuration),
        cmocka_unit_test(TTS_01_built_in_voices_speak),
        cmocka_unit_test(TTS_01_a_command_gets_voice_and_speed),
        cmocka_unit_test(an_unknown_engine_is_an_error),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(TTS_01_cat_is_an_engine_at_every_rate),
        cmocka_unit_test(the_command_gets_the_text),
        cmocka_unit_test(commands_that_fail_leave_the_old_file),
        cmocka_unit_test(broken_wavs_are_survived),
        cmocka_unit_test(an_engine_that_hangs_is_ended_with_its_children),
        cmocka_unit_test(an_engine_that_reads_nothing_harms_nobody),
        cmocka_unit_test(TTS_01_a_service_gets_the_text_and_gives_the_sound),
        cmocka_unit_test(services_that_fail_leave_the_old_file),
        cmocka_unit_test(a_service_that_hangs_is_left),
        cmocka_unit_test(addresses_without_a_service_are_errors),
    };

    return cmocka_run_group_tests(tests, prompt_folder_make, prompt_folder_remove);
}
