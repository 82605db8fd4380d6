export async function answerAudio() { return {}; }
