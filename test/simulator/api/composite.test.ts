import { expect, test } from 'vitest';
import { startOrgWithSession } from '../org-fixture.ts';

const data = '/services/data/v67.0';

async function startWithCount() {
  const { call, post } = await startOrgWithSession();
  const countOf = async (name: string) => {
    const soql = encodeURIComponent(`SELECT COUNT() FROM Account WHERE Name = '${name}'`);
    return (await call(`${data}/query?q=${soql}`)).json().totalSize;
  };
  return { call, post, countOf };
}

test('composite passes what one sub-request answered on to the next', async () => {
  const { post } = await startWithCount();
  const answer = await post(`${data}/composite`, {
    compositeRequest: [
      {
        method: 'POST',
        url: `${data}/sobjects/Account`,
        referenceId: 'newAccount',
        body: { Name: 'Composite' },
      },
      {
        method: 'POST',
        url: `${data}/sobjects/Contact`,
        referenceId: 'newContact',
        body: { LastName: 'Child', AccountId: '@{newAccount.id}' },
      },
      {
        method: 'GET',
        url: `${data}/sobjects/Account/@{newAccount.id}?fields=Name`,
        referenceId: 'again',
      },
      { method: 'GET', url: `${data}/nothing/@{nobody.id}`, referenceId: 'broken' },
    ],
  });
  expect(answer.status).toBe(200);
  const [account, contact, again, broken] = answer.json().compositeResponse;
  expect(account).toMatchObject({ httpStatusCode: 201, referenceId: 'newAccount' });
  expect(account.httpHeaders.Location).toBe(`${data}/sobjects/Account/${account.body.id}`);
  expect(contact.httpStatusCode).toBe(201);
  expect(again).toMatchObject({ httpStatusCode: 200, body: { Name: 'Composite' } });
  expect(broken).toMatchObject({
    httpStatusCode: 400,
    body: [{ errorCode: 'PROCESSING_HALTED' }],
  });
});

test('composite with allOrNone leaves nothing behind when one sub-request fails', async () => {
  const { post, countOf } = await startWithCount();
  const body = (allOrNone: boolean) => ({
    allOrNone,
    compositeRequest: [
      {
        method: 'POST',
        url: `${data}/sobjects/Account`,
        referenceId: 'a',
        body: { Name: `All${allOrNone}` },
      },
      { method: 'POST', url: `${data}/sobjects/Account`, referenceId: 'b', body: {} },
    ],
  });
  const statuses = async (allOrNone: boolean) => {
    const { compositeResponse } = (await post(`${data}/composite`, body(allOrNone))).json();
    return compositeResponse.map((one: { httpStatusCode: number }) => one.httpStatusCode);
  };
  expect(await statuses(true)).toEqual([400, 400]);
  expect(await statuses(false)).toEqual([201, 400]);
  expect([await countOf('Alltrue'), await countOf('Allfalse')]).toEqual([0, 1]);
});

test('batch answers each request, and stops where it is told to', async () => {
  const { post } = await startWithCount();
  const batch = (haltOnError: boolean) =>
    post(`${data}/composite/batch`, {
      haltOnError,
      batchRequests: [
        { method: 'GET', url: 'v67.0/limits' },
        { method: 'GET', url: 'v67.0/nothing' },
        { method: 'POST', url: 'v67.0/sobjects/Account', richInput: { Name: 'Batch' } },
      ],
    });
  const statusesOf = ({ results }: { results: { statusCode: number }[] }) =>
    results.map(({ statusCode }) => statusCode);
  const all = (await batch(false)).json();
  expect([all.hasErrors, statusesOf(all)]).toEqual([true, [200, 404, 201]]);
  expect(statusesOf((await batch(true)).json())).toEqual([200, 404, 412]);
});

test('graphs succeed or fail one by one', async () => {
  const { post, countOf } = await startWithCount();
  const graph = (graphId: string, ...names: (string | undefined)[]) => ({
    graphId,
    compositeRequest: names.map((Name, i) => ({
      method: 'POST',
      url: `${data}/sobjects/Account`,
      referenceId: `r${i}`,
      body: { Name },
    })),
  });
  const answer = await post(`${data}/composite/graph`, {
    graphs: [graph('good', 'Graph1'), graph('bad', 'Graph2', undefined)],
  });
  expect(answer.json().graphs).toMatchObject([
    { graphId: 'good', isSuccessful: true },
    { graphId: 'bad', isSuccessful: false },
  ]);
  expect([await countOf('Graph1'), await countOf('Graph2')]).toEqual([1, 0]);
});

test('collections create, read, upsert and delete many records', async () => {
  const { call, post, countOf } = await startWithCount();
  const url = `${data}/composite/sobjects`;
  const account = (fields: object) => ({ attributes: { type: 'Account' }, ...fields });
  const created = (
    await post(url, { records: [account({ Name: 'Many1' }), account({ Industry: 'None' })] })
  ).json();
  expect(created).toMatchObject([
    { success: true, errors: [] },
    { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING', fields: ['Name'] }] },
  ]);
  const rolledBack = await post(url, {
    allOrNone: true,
    records: [account({ Name: 'Many2' }), account({})],
  });
  expect(rolledBack.json()[0].errors[0].statusCode).toBe('ALL_OR_NONE_OPERATION_ROLLED_BACK');
  expect([await countOf('Many1'), await countOf('Many2')]).toEqual([1, 0]);

  const upserted = await post(
    `${url}/Account/Ext__c`,
    {
      records: [
        { Ext__c: 'EXT-1', Name: 'Renamed' },
        { Ext__c: 'new', Name: 'New' },
      ],
    },
    { method: 'PATCH' },
  );
  expect(upserted.json().map((one: { created: boolean }) => one.created)).toEqual([false, true]);

  const id = created[0].id;
  const read = async () => (await call(`${url}/Account?ids=${id}&fields=Name`)).json();
  expect(await read()).toMatchObject([{ Id: id, Name: 'Many1' }]);
  expect((await call(`${url}?ids=${id}`, { method: 'DELETE' })).json()).toEqual([
    { id, success: true, errors: [] },
  ]);
  expect(await read()).toEqual([null]);
});

test('a tree creates parents with their children, or nothing', async () => {
  const { post, countOf } = await startWithCount();
  const tree = (Name: string, child: object) => ({
    records: [
      {
        attributes: { type: 'Account', referenceId: 'parent' },
        Name,
        Contacts: {
          records: [{ attributes: { type: 'Contact', referenceId: 'child' }, ...child }],
        },
      },
    ],
  });
  const planted = await post(`${data}/composite/tree/Account`, tree('Oak', { LastName: 'Leaf' }));
  expect(planted.status).toBe(201);
  expect(planted.json()).toMatchObject({
    hasErrors: false,
    results: [{ referenceId: 'parent' }, { referenceId: 'child' }],
  });
  const failed = await post(`${data}/composite/tree/Account`, tree('Elm', {}));
  expect(failed.json()).toMatchObject({ hasErrors: true, results: [{ referenceId: 'child' }] });
  expect([failed.status, await countOf('Oak'), await countOf('Elm')]).toEqual([400, 1, 0]);
});
