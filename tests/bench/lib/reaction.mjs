export async function reaction() { return {}; }
