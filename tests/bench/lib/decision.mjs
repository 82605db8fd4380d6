export async function decision() { return {}; }
