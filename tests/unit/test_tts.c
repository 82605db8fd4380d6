/* rooms: base tts */
/* Speech with the real espeak-ng, with commands, and with a service that is kind or not. */
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
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <hotlined/text.h>
#include <hotlined/tts.h>

#include "tts/engine.h"

static char folder[] = "/tmp/test_tts.XXXXXX";
static char path[64], other[64];
static char why[300];

/* --- files ---------------------------------------------------------------------------------- */

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/prompt.wav", folder);
    snprintf(other, sizeof(other), "%s/other.wav", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)remove(path);
    (void)remove(other);
    return rmdir(folder); /* fails when something was left behind */
}

static size_t read_file(const char *name, uint8_t **ret_data)
{
    FILE *file = fopen(name, "rb");
    struct stat st;

    *ret_data = NULL;
    if (!file)
        return 0;
    assert_int_equal(fstat(fileno(file), &st), 0);
    *ret_data = malloc((size_t)st.st_size + 1);
    assert_non_null(*ret_data);
    assert_int_equal(fread(*ret_data, 1, (size_t)st.st_size, file), st.st_size);
    (void)fclose(file);
    return (size_t)st.st_size;
}

static void write_file(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(name, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* 8 kHz mono PCM16 with its peak at -3 dB; returns the seconds of sound. */
static double assert_fit_for_a_telephone(void)
{
    uint8_t *wav;
    size_t size = read_file(path, &wav), loud = 0, count;
    int peak = 0;

    assert_true(size > 44);
    assert_memory_equal(wav, "RIFF", 4);
    assert_int_equal(le32(wav + 4), size - 8);
    assert_memory_equal(wav + 8, "WAVEfmt ", 8);
    assert_int_equal(le32(wav + 20), 1 | 1 << 16);
    assert_int_equal(le32(wav + 24), 8000);
    assert_int_equal(le32(wav + 28), 16000);
    assert_int_equal(le32(wav + 32), 2 | 16 << 16);
    assert_memory_equal(wav + 36, "data", 4);
    assert_int_equal(le32(wav + 40), size - 44);
    count = (size - 44) / 2;
    for (size_t i = 0; i < count; i++) {
        int value = abs((int16_t)(wav[44 + 2 * i] | wav[45 + 2 * i] << 8));
        peak = value > peak ? value : peak;
        loud += value > 500;
    }
    free(wav);
    assert_in_range(peak, 23190, 23200);
    assert_true(loud > count / 20);
    return (double)count / 8000;
}

/* --- rendering ------------------------------------------------------------------------------ */

static int render_with(const struct tts_options *options, const char *text, int speed)
{
    struct tts_request request = {.text = text, .voice = "", .speed = speed, .path = path};

    why[0] = 0;
    return tts_render(options, &request, why, sizeof(why));
}

static int render(const char *text)
{
    struct tts_options options = {"espeak", "", ""};

    return render_with(&options, text, 100);
}

static int render_by_command(const char *command)
{
    struct tts_options options = {"command", command, ""};

    return render_with(&options, "您好", 100);
}

static void begin_with_an_old_file(void)
{
    write_file(path, "the old one", 11);
}

static void assert_old_file_and_reason(int err, int expected, const char *part)
{
    uint8_t *data;
    size_t size = read_file(path, &data);

    assert_int_equal(err, expected);
    assert_int_equal(size, 11);
    assert_memory_equal(data, "the old one", 11);
    free(data);
    if (!strstr(why, part))
        fail_msg("“%s” is not in the reason “%s”", part, why);
}

/* --- what is said --------------------------------------------------------------------------- */

static void TTS_01_numbers_are_said_as_people_say_them(void **state)
{
    static const char *const table[][2] = {
        {"", ""},
        {"您好", "您好"},
        {"欢迎拨打12366纳税服务热线", "欢迎拨打幺二三六六纳税服务热线"},
        {"１２３６６", "幺二三六六"},
        {"工号1001为您服务", "工号幺零零幺为您服务"},
        {"请拨0771-5551234", "请拨零七七幺 五五五幺二三四"},
        {"13877200001", "幺三八七七二零零零零幺"},
        {"按1键,按0键", "按一键,按零键"},
        {"2026年10月1日", "二零二六年十月一日"},
        {"2026-11-24", "二零二六年十一月二十四日"},
        {"2026/1/2止", "二零二六年一月二日止"},
        {"2026-13-01", "二零二六 一三 零一"},
        {"9:00至17:30", "九点至十七点三十分"},
        {"8:30-12:00", "八点三十分至十二点"},
        {"15:05", "十五点零五分"},
        {"25:00", "二五:零零"},
        {"10-12月", "十至十二月"},
        {"前面还有12位", "前面还有十二位"},
        {"2个工作日", "两个工作日"},
        {"2小时", "两小时"},
        {"2月2日", "二月二日"},
        {"12个", "十二个"},
        {"15 分钟", "十五 分钟"},
        {"10年", "十年"},
        {"12号窗口", "十二号窗口"},
        {"100元", "一百元"},
        {"105元", "一百零五元"},
        {"110元", "一百一十元"},
        {"1001元", "一千零一元"},
        {"10000元", "一万元"},
        {"10010元", "一万零一十元"},
        {"120000元", "十二万元"},
        {"20050000元", "二千零五万元"},
        {"1,234,567元", "一百二十三万四千五百六十七元"},
        {"100000000元", "一亿元"},
        {"150000000元", "一亿五千万元"},
        {"100005000元", "一亿零五千元"},
        {"1,000,000,001元", "十亿零一元"},
        {"999999999999元", "九千九百九十九亿九千九百九十九万九千九百九十九元"},
        {"税款1,234,567,890.12元", "税款十二亿三千四百五十六万七千八百九十点一二元"},
        {"2011年1月1日", "二零一一年一月一日"},
        {"2011-2015年", "二零一一至二零一五年"},
        {"拨打12366或0771-5511110", "拨打幺二三六六或零七七幺 五五幺幺幺幺零"},
        {"验证码1101", "验证码幺幺零幺"},
        {"拨打12366人工服务,南宁12366分中心", "拨打幺二三六六人工服务,南宁幺二三六六分中心"},
        {"转8001分机", "转八零零幺分机"},
        {"2026个税", "二零二六个税"},
        {"2个人", "两个人"},
        {"1,234.50元", "一千二百三十四点五零元"},
        {"0元", "零元"},
        {"3%", "百分之三"},
        {"13％", "百分之十三"},
        {"100%", "百分之一百"},
        {"2.5%", "百分之二点五"},
        {"0.05", "零点零五"},
        {"3.14", "三点一四"},
        {"450100197001011234567890", "四五零幺零零幺九七零零幺零幺幺二三四五六七八九零"},
        {"一行\n二行\t三", "一行 二行 三"},
        {"1.", "一."},
        {"-5", "-五"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char *text = tts_normalise(table[i][0]);
        assert_non_null(text);
        assert_string_equal(text, table[i][1]);
        free(text);
    }
}

/* Whatever comes, no ASCII digit is left, and UTF-8 stays UTF-8. */
static void no_digit_is_ever_left(void **state)
{
    static const char *const parts[] = {"1", "0",  "99", "2026", "-", ":",  ".", ",",
                                        "/", "月", "%",  "个",   " ", "税", "~", "12366"};
    uint32_t dice = 7;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct text in = {0};
        char *out;
        for (int i = 0; i < 12; i++) {
            dice = dice * 1664525u + 1013904223u;
            text_add(&in, parts[dice >> 16 & 15]);
        }
        out = tts_normalise(in.data);
        assert_non_null(out);
        if (strpbrk(out, "0123456789") || !text_is_utf8(out, strlen(out)))
            fail_msg("“%s” became “%s”", in.data, out);
        free(out);
        text_done(&in);
    }
}

/* --- espeak-ng ------------------------------------------------------------------------------ */

static void IVR_02_espeak_makes_sound_for_telephones(void **state)
{
    double seconds;

    (void)state;
    assert_int_equal(render("您好,欢迎拨打12366纳税服务热线。"), 0);
    assert_string_equal(why, "");
    seconds = assert_fit_for_a_telephone();
    assert_true(seconds > 2 && seconds < 12);
}

static void speed_makes_it_shorter(void **state)
{
    struct tts_options options = {"espeak", "", ""};
    static const char text[] = "请您耐心等待,我们会尽快为您服务。";
    double normal, fast;

    (void)state;
    assert_int_equal(render_with(&options, text, 100), 0);
    normal = assert_fit_for_a_telephone();
    assert_int_equal(render_with(&options, text, 200), 0);
    fast = assert_fit_for_a_telephone();
    assert_true(fast < normal * 0.75);
}

static void IVR_02_two_texts_are_two_sounds_and_one_text_is_one(void **state)
{
    uint8_t *a, *b, *c;
    size_t size_a, size_b, size_c;

    (void)state;
    assert_int_equal(render("南宁市税务局欢迎您"), 0);
    size_a = read_file(path, &a);
    assert_int_equal(render("柳州市税务局欢迎您"), 0);
    size_b = read_file(path, &b);
    assert_int_equal(render("南宁市税务局欢迎您"), 0);
    size_c = read_file(path, &c);
    assert_false(size_a == size_b && memcmp(a, b, size_a) == 0);
    assert_int_equal(size_a, size_c);
    assert_memory_equal(a, c, size_a);
    free(a);
    free(b);
    free(c);
}

static void hostile_texts_are_only_texts(void **state)
{
    static const char *const texts[] = {"--version 你好",
                                        "-w /tmp/test_tts_hostile.wav 你好",
                                        "'; touch /tmp/test_tts_hostile.wav; '你好",
                                        "\"$(touch /tmp/test_tts_hostile.wav)\"你好",
                                        "你好\n\n再见\r\n",
                                        "<speak>你好&amp;<break/></speak>",
                                        "[[h@l'oU]]你好",
                                        "%s%n%d你好",
                                        "\xff\xfe你好\xc0\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (render(texts[i]))
            fail_msg("“%s”: %s", texts[i], why);
        assert_true(assert_fit_for_a_telephone() > 0.2);
    }
    assert_int_equal(access("/tmp/test_tts_hostile.wav", F_OK), -1);
}

static void a_text_of_a_thousand_characters_is_spoken_one_of_ten_thousand_is_too_long(void **state)
{
    struct text text = {0};

    (void)state;
    while (text.length < 1000 * strlen("税"))
        text_add(&text, "办税服务厅");
    assert_int_equal(render(text.data), 0);
    assert_true(assert_fit_for_a_telephone() > 100);
    while (text.length < 10000 * strlen("税"))
        text_add(&text, "办税服务厅");
    begin_with_an_old_file();
    assert_old_file_and_reason(render(text.data), -EFBIG, "语音太长");
    text_done(&text);
}

/* The announcement after an answer is heard when its first word begins, not when its file does. */
static void CC_09_a_rendered_prompt_begins_with_its_first_word(void **state)
{
    size_t size, count, from = 0, to;
    uint8_t *wav;

    (void)state;
    assert_int_equal(render("工号"), 0);
    size = read_file(path, &wav);
    to = count = (size - 44) / 2;
    while (from < count && abs((int16_t)(wav[44 + 2 * from] | wav[45 + 2 * from] << 8)) < 164)
        from++;
    while (to > from && abs((int16_t)(wav[42 + 2 * to] | wav[43 + 2 * to] << 8)) < 164)
        to--;
    free(wav);
    assert_in_range(from, 0, 8 * 5);
    assert_in_range(count - to, 0, 8 * 100);
}

static void an_upload_keeps_its_pauses(void **state)
{
    uint8_t wav[44 + 2 * 8000] = {0}, *kept;
    size_t size;

    (void)state;
    assert_int_equal(render("工号"), 0); /* for a header */
    size = read_file(path, &kept);
    assert_true(size > 44);
    memcpy(wav, kept, 44);
    free(kept);
    for (size_t i = 4000; i < 4800; i++)
        wav[44 + 2 * i + 1] = i % 2 ? 0x20 : 0xe0;
    for (int i = 0; i < 4; i++) {
        wav[4 + i] = (uint8_t)((sizeof(wav) - 8) >> (8 * i));
        wav[40 + i] = (uint8_t)((sizeof(wav) - 44) >> (8 * i));
    }
    assert_int_equal(tts_adopt(wav, sizeof(wav), path, why, sizeof(why)), 0);
    assert_int_equal(read_file(path, &kept), sizeof(wav));
    free(kept);
}

static void silence_is_no_prompt(void **state)
{
    (void)state;
    begin_with_an_old_file();
    assert_old_file_and_reason(render(" "), -EINVAL, "语音合成引擎给出的");
}

static void an_unknown_voice_is_an_error(void **state)
{
    struct tts_options options = {"espeak", "", ""};
    struct tts_request request = {"您好", "no such voice", 100, path};

    (void)state;
    begin_with_an_old_file();
    assert_old_file_and_reason(tts_render(&options, &request, why, sizeof(why)), -EIO,
                               "espeak-ng 以状态");
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
    assert_int_equal(tts_render(&options, &request, why, sizeof(why)), -ENOENT);
    assert_non_null(strstr(why, "无法写入 /nowhere/at/all.wav"));
}

/* --- MP3 ------------------------------------------------------------------------------------ */

static int adopt_file(const char *name)
{
    uint8_t *data;
    size_t size = read_file(name, &data);
    int err;

    assert_true(size > 0);
    err = tts_adopt(data, size, path, why, sizeof(why));
    free(data);
    return err;
}

/* Share of the energy of the file at path at 440 Hz (Goertzel). */
static double share_of_440(void)
{
    uint8_t *wav;
    size_t count = (read_file(path, &wav) - 44) / 2;
    double w = 2 * M_PI * 440 / 8000, re = 0, im = 0, energy = 0;

    for (size_t i = 0; i < count; i++) {
        double x = (int16_t)(wav[44 + 2 * i] | wav[45 + 2 * i] << 8);
        re += x * cos(w * (double)i);
        im += x * sin(w * (double)i);
        energy += x * x;
    }
    free(wav);
    return 2 * (re * re + im * im) / ((double)count * energy);
}

#define MP3S "tests/fuzz/corpus/mp3/"

static void TTS_02_an_mp3_becomes_sound_for_telephones(void **state)
{
    static const struct {
        const char *file;
        double seconds;
    } tones[] = {{MP3S "tone_22050", 1.2}, {MP3S "tone_stereo_44100", 0.6}, {MP3S "tagged", 1.2}};

    (void)state;
    for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++) {
        if (adopt_file(tones[i].file))
            fail_msg("%s: %s", tones[i].file, why);
        assert_true(fabs(assert_fit_for_a_telephone() - tones[i].seconds) < 0.1);
        assert_true(share_of_440() > 0.9);
    }
}

static void TTS_02_broken_and_endless_mp3_leave_the_old_file(void **state)
{
    uint8_t *frame;
    size_t size;
    struct text film = {0};

    (void)state;
    begin_with_an_old_file();
    assert_old_file_and_reason(adopt_file(MP3S "one_head"), -EINVAL, "不是完好的 MP3");
    assert_old_file_and_reason(adopt_file(MP3S "huge_tag"), -EINVAL, "不是完好的 MP3");
    assert_old_file_and_reason(adopt_file(MP3S "two_rates"), -EINVAL, "不是完好的 MP3");
    assert_old_file_and_reason(adopt_file(MP3S "silent_8000"), -EINVAL, "是静音");
    size = read_file(MP3S "tone_22050", &frame);
    while (film.length < size * 520) /* 1.2 s each time */
        text_add_bytes(&film, (const char *)frame, size);
    assert_old_file_and_reason(tts_adopt(film.data, film.length, path, why, sizeof(why)), -EINVAL,
                               "太长(最多 10 分钟)");
    free(frame);
    text_done(&film);
}

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
    struct tts_request request = {"您好", voice->code, 100, path};

    (void)arg;
    if (tts_render(&options, &request, why, sizeof(why)))
        fail_msg("%s: %s", voice->code, why);
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
    struct tts_request request = {"您好", "zhang", 120, path};
    uint8_t *said;
    size_t size;

    (void)state;
    snprintf(command, sizeof(command), "echo \"$1 $2\" >%s; false", other);
    assert_int_equal(tts_render(&options, &request, why, sizeof(why)), -EIO);
    size = read_file(other, &said);
    assert_int_equal(size, strlen("zhang 120\n"));
    assert_memory_equal(said, "zhang 120\n", size);
    free(said);
}

/* --- commands ------------------------------------------------------------------------------- */

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
    snprintf(command, sizeof(command), "cat %s", other);
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        for (unsigned channels = 1; channels <= 2; channels++) {
            uint8_t *got;
            unsigned crossings = 0;
            write_file(other, wav, tone(wav, rates[i], channels));
            assert_int_equal(render_by_command(command), 0);
            assert_true(fabs(assert_fit_for_a_telephone() - 1) < 0.001);
            (void)read_file(path, &got);
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
    snprintf(command, sizeof(command), "cat > %s; exit 3", other);
    begin_with_an_old_file();
    assert_old_file_and_reason(render_by_command(command), -EIO, "/bin/sh 以状态 3 结束");
    size = read_file(other, &text);
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
        {"true", -EINVAL, "不是 16 位 PCM 的 WAV(0 字节)"},
        {"echo RIFF", -EINVAL, "不是 16 位 PCM 的 WAV"},
        {"cat /bin/sh | head -c 5000", -EINVAL, "不是 16 位 PCM 的 WAV"},
        {"head -c 70000000 /dev/zero", -EFBIG, "语音太长(超过 64 MB)"},
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
    snprintf(command, sizeof(command), "cat %s", other);
    for (size_t at = 0; at < 44; at += 3)
        for (int value = 0; value < 256; value += 85) {
            size_t size = tone(wav, 8000, 1);
            wav[at] = (uint8_t)value;
            write_file(other, wav, size);
            if (render_by_command(command) == 0)
                assert_true(why[0] == 0);
            else
                assert_true(why[0] != 0);
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
    size_t size = read_file(file, &data);
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
        snprintf(command, sizeof(command), hanging[i], other);
        begin_with_an_old_file();
        assert_old_file_and_reason(render_by_command(command), -ETIMEDOUT, "超时");
        assert_in_range(now_ms() - began, 290, 5000);
        assert_gone(other);
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
        {"HTTP/1.1 500 Broken\r\n\r\nsorry", "回答:500 Broken"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "回答:404"},
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
        cmocka_unit_test(TTS_01_numbers_are_said_as_people_say_them),
        cmocka_unit_test(no_digit_is_ever_left),
        cmocka_unit_test(IVR_02_espeak_makes_sound_for_telephones),
        cmocka_unit_test(speed_makes_it_shorter),
        cmocka_unit_test(IVR_02_two_texts_are_two_sounds_and_one_text_is_one),
        cmocka_unit_test(hostile_texts_are_only_texts),
        cmocka_unit_test(a_text_of_a_thousand_characters_is_spoken_one_of_ten_thousand_is_too_long),
        cmocka_unit_test(CC_09_a_rendered_prompt_begins_with_its_first_word),
        cmocka_unit_test(an_upload_keeps_its_pauses),
        cmocka_unit_test(silence_is_no_prompt),
        cmocka_unit_test(an_unknown_voice_is_an_error),
        cmocka_unit_test(TTS_02_an_mp3_becomes_sound_for_telephones),
        cmocka_unit_test(TTS_02_broken_and_endless_mp3_leave_the_old_file),
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

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
