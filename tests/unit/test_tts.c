/* rooms: base speech */
/* with: tests/unit/tts_prompt.c */
/* Speech: how texts are said, what espeak-ng makes of them, and sounds that are uploaded. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <hotlined/text.h>
#include <hotlined/tts.h>

#include "tts_prompt.h"

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
    assert_string_equal(prompt_why, "");
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
    size_a = prompt_read_file(prompt_path, &a);
    assert_int_equal(render("柳州市税务局欢迎您"), 0);
    size_b = prompt_read_file(prompt_path, &b);
    assert_int_equal(render("南宁市税务局欢迎您"), 0);
    size_c = prompt_read_file(prompt_path, &c);
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
            fail_msg("“%s”: %s", texts[i], prompt_why);
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
    size = prompt_read_file(prompt_path, &wav);
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
    size = prompt_read_file(prompt_path, &kept);
    assert_true(size > 44);
    memcpy(wav, kept, 44);
    free(kept);
    for (size_t i = 4000; i < 4800; i++)
        wav[44 + 2 * i + 1] = i % 2 ? 0x20 : 0xe0;
    for (int i = 0; i < 4; i++) {
        wav[4 + i] = (uint8_t)((sizeof(wav) - 8) >> (8 * i));
        wav[40 + i] = (uint8_t)((sizeof(wav) - 44) >> (8 * i));
    }
    assert_int_equal(tts_adopt(wav, sizeof(wav), prompt_path, prompt_why, sizeof(prompt_why)), 0);
    assert_int_equal(prompt_read_file(prompt_path, &kept), sizeof(wav));
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
    struct tts_request request = {"您好", "no such voice", 100, prompt_path};

    (void)state;
    begin_with_an_old_file();
    assert_old_file_and_reason(tts_render(&options, &request, prompt_why, sizeof(prompt_why)), -EIO,
                               "espeak-ng 以状态");
}

/* --- MP3 ------------------------------------------------------------------------------------ */

static int adopt_file(const char *name)
{
    uint8_t *data;
    size_t size = prompt_read_file(name, &data);
    int err;

    assert_true(size > 0);
    err = tts_adopt(data, size, prompt_path, prompt_why, sizeof(prompt_why));
    free(data);
    return err;
}

/* Share of the energy of the file at prompt_path at 440 Hz (Goertzel). */
static double share_of_440(void)
{
    uint8_t *wav;
    size_t count = (prompt_read_file(prompt_path, &wav) - 44) / 2;
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
            fail_msg("%s: %s", tones[i].file, prompt_why);
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
    size = prompt_read_file(MP3S "tone_22050", &frame);
    while (film.length < size * 520) /* 1.2 s each time */
        text_add_bytes(&film, (const char *)frame, size);
    assert_old_file_and_reason(
        tts_adopt(film.data, film.length, prompt_path, prompt_why, sizeof(prompt_why)), -EINVAL,
        "太长（最多 10 分钟）");
    free(frame);
    text_done(&film);
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
    };

    return cmocka_run_group_tests(tests, prompt_folder_make, prompt_folder_remove);
}
