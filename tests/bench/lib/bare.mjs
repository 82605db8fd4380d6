export async function bare() { return {}; }
