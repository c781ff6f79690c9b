/** Whether it becomes so within some seconds. */
export async function soon(isSo: () => boolean | Promise<boolean>, seconds = 3): Promise<boolean> {
  for (const until = Date.now() + seconds * 1000; Date.now() < until; ) {
    if (await isSo()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return isSo();
}
